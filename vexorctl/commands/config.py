"""`vexorctl config`: the folders and settings in effect, and where each comes from."""

import argparse
import dataclasses
import json

from vexorctl.folders import shared_folders

HELP = "show the folders in effect and what sets them"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a folder."""
    folders = shared_folders()
    if args.json:
        print(json.dumps({"folders": [dataclasses.asdict(folder) for folder in folders]}))
        return 0
    width = max(len(folder.path) for folder in folders)
    for folder in folders:
        print(f"{folder.name:<8} {folder.path:<{width}}  {folder.origin:<16} {folder.holds}")
    return 0
