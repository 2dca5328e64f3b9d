"""Make folders full of files."""

from collections.abc import Mapping
from pathlib import Path


def make_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write `files` (relative path → content, text as UTF-8) below `root`, with folders; return `root`."""
    root.mkdir(parents=True, exist_ok=True)
    for relative, content in files.items():
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return root


GIT = ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "gc.auto=0", "-c", "core.fsync=none")
"""Options of git for repositories that only a test needs."""
