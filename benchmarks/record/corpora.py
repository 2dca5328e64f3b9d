"""The trees that are measured: Django's sdist, Debian's Linux source, and parts of them by size."""

import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.quality.archives import Archive, Fetcher, FetchError

DJANGO = Archive("pypi-source", "Django", "5.2.19")
LINUX = "linux-source-6.1"
_SMALL = ("mm", "block", "ipc", "init")
_MIDDLE = ("fs", "net", "sound")


@dataclass(frozen=True, slots=True)
class Corpus:
    """A tree by name."""

    name: str
    root: Path
    parts: dict[str, Path]
    """Smaller trees made of its folders, by name; they are copies."""


def corpus(name: str, cache: Path) -> Corpus:
    """Return a corpus, fetched and unpacked at the first call.

    Raises:
        FetchError: it cannot be had.
        ValueError: there is none of this name.
    """
    if name == "django":
        root = _django(cache)
        return Corpus(name, root, {"django-small": _part(root, cache, "django-small", ("django",))})
    if name == "linux":
        root = _linux(cache)
        parts = {
            f"linux-{size}": _part(root, cache, f"linux-{size}", folders)
            for size, folders in (("small", _SMALL), ("middle", _MIDDLE))
        }
        return Corpus(name, root, parts)
    raise ValueError(f"unknown corpus {name!r}; there are django and linux")


def _django(cache: Path) -> Path:
    root = cache / "django" / "django-5.2.19"
    if not root.exists():
        archive = Fetcher(cache / "archives").fetch("django", DJANGO)
        _unpack(archive, root)
    return root


def _linux(cache: Path) -> Path:
    root = cache / "linux" / LINUX
    if not root.exists():
        folder = cache / "archives" / LINUX
        folder.mkdir(parents=True, exist_ok=True)
        if not list(folder.glob("*.deb")):
            done = subprocess.run(
                ["apt-get", "download", LINUX], cwd=folder, check=False, capture_output=True
            )
            if done.returncode:
                raise FetchError(f"apt-get download {LINUX}: {done.stderr.decode()[-300:]}")
        with tempfile.TemporaryDirectory(dir=cache) as base:
            deb = next(iter(folder.glob("*.deb")))
            subprocess.run(["dpkg-deb", "-x", str(deb), base], check=True)
            _unpack(Path(base, "usr", "src", f"{LINUX}.tar.xz"), root)
    # Debian's last rules, `/*` and `!/debian/`, hide every file of the upstream tree; ours comes last.
    rules = root / ".vexorignore"
    if not rules.exists() and "/*" in (root / ".gitignore").read_text().splitlines():
        rules.write_text("!/*\n")
    return root


def _unpack(archive: Path, root: Path) -> None:
    """Unpack the only folder of an archive to `root`, whole or not at all."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root.parent) as base:
        with tarfile.open(archive) as tar:
            tar.extractall(base, filter="tar")
        (found,) = Path(base).iterdir()
        found.rename(root)


def _part(root: Path, cache: Path, name: str, folders: tuple[str, ...]) -> Path:
    part = cache / "parts" / name
    if not part.exists():
        with tempfile.TemporaryDirectory(dir=cache) as base:
            copy = Path(base, name)
            for folder in folders:
                shutil.copytree(root / folder, copy / folder, symlinks=True)
            part.parent.mkdir(exist_ok=True)
            copy.rename(part)
    return part
