"""`vexorctl config`: the folders and settings in effect, and where each comes from."""

import argparse
import dataclasses
import json
import os
import tomllib

from vexorctl.errors import ClientError
from vexorctl.folders import shared_folders

HELP = "show the folders and settings in effect and what sets them"
_MODEL_VARIABLE, _DEFAULT_MODEL = "VEXORD_MODEL", "vexord-code"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a folder, and one a setting."""
    folders = shared_folders()
    model, origin = _model(next(folder.path for folder in folders if folder.name == "config"))
    if args.json:
        settings = [{"name": "embedding.model", "value": model, "origin": origin}]
        print(json.dumps({"folders": [dataclasses.asdict(one) for one in folders], "settings": settings}))
        return 0
    width = max(len(folder.path) for folder in folders)
    for folder in folders:
        print(f"{folder.name:<8} {folder.path:<{width}}  {folder.origin:<16} {folder.holds}")
    print(f"{'model':<8} {model:<{width}}  {origin:<16} of a daemon that starts now")
    return 0


def _model(config_dir: str) -> tuple[str, str]:
    """Return the model that is chosen, and what chooses it. The daemon checks it when it starts.

    Raises:
        ClientError: the settings file cannot be read.
    """
    chosen = os.environ.get(_MODEL_VARIABLE, "").strip()
    if chosen:
        return chosen, f"${_MODEL_VARIABLE}"
    path = os.path.join(config_dir, "config.toml")
    try:
        with open(path, "rb") as file:
            embedding = tomllib.load(file).get("embedding", {})
    except FileNotFoundError:
        return _DEFAULT_MODEL, "default"
    except (OSError, ValueError) as error:
        raise ClientError(f"{path} cannot be read: {error}", "mend it, or move it away") from None
    if isinstance(embedding, dict) and "model" in embedding:
        return str(embedding["model"]), "config.toml"
    return _DEFAULT_MODEL, "default"
