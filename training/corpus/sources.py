"""The pinned list of packages that the corpus is mined from."""

import tomllib
from pathlib import Path

import msgspec

LIST = Path(__file__).parent.parent / "sources.toml"
MANAGERS = ("pypi", "npm", "debian-source", "debian")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One archive."""

    manager: str
    package: str
    version: str
    file: str
    """Name of the archive, as the registry calls it."""
    sha256: str
    licence: str
    held_out: bool = False
    """Kept out of training, to validate on."""

    @property
    def name(self) -> str:
        """A name that no other source has, fit for a file."""
        prefix = {"pypi": "py-", "npm": "npm-"}.get(self.manager, "deb-")
        return prefix + self.package.replace("@", "").replace("/", "-")


def read(path: Path = LIST) -> list[Source]:
    """Return the sources by name.

    Raises:
        ValueError: an entry is wrong or two have one name.
    """
    entries = msgspec.convert(tomllib.loads(path.read_text("utf-8"))["source"], list[Source])
    for entry in entries:
        if entry.manager not in MANAGERS:
            raise ValueError(f"{path}: {entry.package}: manager is {entry.manager!r}, not one of {MANAGERS}")
    if len({entry.name for entry in entries}) < len(entries):
        raise ValueError(f"{path}: a package is listed twice")
    return sorted(entries, key=lambda entry: entry.name)
