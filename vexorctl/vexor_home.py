"""Reads what vexor 0.30 left behind: its settings, and what its databases know. Writes nothing there."""

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from vexorctl.errors import ClientError

FOLDER = ".vexor"
CONFIG_VARIABLE = "VEXOR_CONFIG_JSON"
KEY_VARIABLE = "VEXOR_API_KEY"
OLDEST = 8
"""The version of its index format (`CACHE_VERSION`) since vexor 0.27, which we know."""


@dataclass(frozen=True, slots=True)
class VexorIndex:
    """One index that vexor made."""

    root: str
    mode: str
    model: str
    hidden: bool
    gitignore: bool
    recursive: bool
    extensions: str
    """Comma-separated; empty: all."""
    excludes: str
    made_at: str
    """ISO 8601."""


@dataclass(frozen=True, slots=True)
class VexorHome:
    """All that was found."""

    settings: Mapping[str, object]
    """`config.json`, with `VEXOR_CONFIG_JSON` over it."""
    key_in_environment: bool
    indexes: list[VexorIndex] = field(default_factory=list)
    """The newest for each root."""
    older: list[VexorIndex] = field(default_factory=list)
    """Others of the same roots: with other modes, flags or models."""
    cached: Mapping[str, int] = field(default_factory=dict)
    """Model → embeddings in its cache."""


def read_home(environment: Mapping[str, str], here: str) -> VexorHome:
    """Return what lies in `~/.vexor`, and in the `.vexor` nearest above a folder.

    Raises:
        ClientError: there is nothing of vexor, or it cannot be read.
    """
    folders = [os.path.join(os.path.expanduser("~"), FOLDER)]
    nearest = next((str(path / FOLDER) for path in _above(here) if (path / FOLDER).is_dir()), None)
    if nearest is not None and nearest not in folders:
        folders.append(nearest)
    override = environment.get(CONFIG_VARIABLE, "").strip()
    if not override and not any(map(os.path.isdir, folders)):
        raise ClientError(
            f"there is nothing of vexor: no {folders[0]}", "nothing to import; start with: vexorctl add DIR"
        )
    settings = _object(folders[0] + "/config.json")
    if override:
        settings |= _parsed(override, f"${CONFIG_VARIABLE}")
    indexes: list[VexorIndex] = []
    cached: dict[str, int] = {}
    for folder in folders:
        _read_database(os.path.join(folder, "index.db"), indexes, cached)
    indexes.sort(key=lambda index: index.made_at, reverse=True)
    newest: dict[str, VexorIndex] = {}
    for index in indexes:
        newest.setdefault(index.root, index)
    older = [index for index in indexes if newest[index.root] is not index]
    has_key = bool(environment.get(KEY_VARIABLE, "").strip())
    return VexorHome(settings, has_key, sorted(newest.values(), key=lambda one: one.root), older, cached)


def _above(folder: str) -> list[Path]:
    path = Path(folder)
    return [path, *path.parents]


def _object(path: str) -> dict[str, object]:
    try:
        with open(path, encoding="utf-8") as file:
            return _parsed(file.read(), path)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{path} cannot be read: {error}", "mend its rights, or move it away") from None


def _parsed(text: str, origin: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ClientError(f"{origin} is not JSON: {error}", "mend it, or move it away") from None
    if not isinstance(value, dict):
        raise ClientError(f"{origin} is not a JSON object", "mend it, or move it away")
    return value


def _read_database(path: str, indexes: list[VexorIndex], cached: dict[str, int]) -> None:
    if not os.path.exists(path):
        return
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=5)
        try:
            for row in connection.execute(
                "SELECT root_path, mode, model, include_hidden, respect_gitignore, recursive, extensions,"
                " exclude_patterns, generated_at FROM index_metadata WHERE version >= ?",
                (OLDEST,),
            ):
                root, mode, model, hidden, gitignore, recursive, extensions, excludes, made_at = row
                flags = bool(hidden), bool(gitignore), bool(recursive)
                indexes.append(
                    VexorIndex(root, mode, model, *flags, extensions or "", excludes or "", made_at)
                )
            for model, count in connection.execute(
                "SELECT model, count(*) FROM embedding_cache GROUP BY model"
            ):
                cached[model] = cached.get(model, 0) + count
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ClientError(
            f"{path} cannot be read: {error}", "end vexor, or upgrade it to 0.30 first"
        ) from None
