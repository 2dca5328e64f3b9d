"""Where the benchmark keeps what it downloads, and where the development set lies."""

import os
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """Return the benchmark's folder in the user's cache; it exists after this."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "vexord-benchmarks" / "quality"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def default_set() -> Path:
    """Return the folder of the development set: $VEXORD_QUALITY_SET, or one beside the repository."""
    named = os.environ.get("VEXORD_QUALITY_SET")
    return Path(named) if named else _REPOSITORY.parent / "shared" / "retrieval"
