"""Fetches archives from PyPI, npm and Debian with their ordinary clients, and reads their members."""

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_APT_SOURCES = (Path("/etc/apt/sources.list.d/debian.sources"), Path("/etc/apt/sources.list"))
_MIRROR = re.compile(r"(?:URIs:|deb)\s+(?:\[[^\]]*\]\s*)?((?:https?|file|copy)\S+)")
_TIMEOUT_S = 900
_PLATFORMS = ("manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")


class FetchError(Exception):
    """An archive could not be had; the message names the mend."""


@dataclass(frozen=True, slots=True)
class Archive:
    """What to fetch: `manager` is pypi (a wheel), pypi-source, npm, debian or debian-source."""

    manager: str
    package: str
    version: str


class Fetcher:
    """Downloads archives into a folder, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._apt: list[str] | None = None

    def fetch(self, name: str, archive: Archive) -> Path:
        """Return the archive's file, downloaded unless it is there.

        Raises:
            FetchError: the registry does not have it.
        """
        folder = self._folder / name / archive.version.replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        if not _archives(folder):
            self._download(folder, archive)
        found = _archives(folder)
        if not found:
            raise FetchError(f"{archive.package} {archive.version}: no archive came; check the version")
        return found[0]

    def _download(self, folder: Path, archive: Archive) -> None:
        exact = f"{archive.package}=={archive.version}"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder)]
        if archive.manager == "pypi":
            platforms = [word for name in _PLATFORMS for word in ("--platform", name)]
            _run([*pip, "--only-binary", ":all:", "--python-version", "3.11", *platforms, exact], folder)
        elif archive.manager == "pypi-source":
            _run([*pip, "--no-binary", ":all:", exact], folder)
        elif archive.manager == "npm":
            _run(["npm", "pack", "--silent", f"{archive.package}@{archive.version}"], folder)
        elif archive.manager in {"debian", "debian-source"}:
            self._from_debian(folder, archive)
        else:
            raise FetchError(f"unknown manager {archive.manager!r}; use pypi, npm, debian or debian-source")

    def _from_debian(self, folder: Path, archive: Archive) -> None:
        command = ["download"]
        if archive.manager == "debian-source":
            command = ["source", "--download-only", "--tar-only", "-o", "APT::Get::Only-Source=true"]
        self._apt = self._apt or self._private_lists()
        start = ["apt-get", *self._apt, "-qq", *command]
        try:
            _run([*start, f"{archive.package}={archive.version}"], folder)
        except FetchError:
            # A point release may have taken the pinned revision's place; the caller checks what came.
            _run([*start, archive.package], folder)

    def _private_lists(self) -> list[str]:
        """Return apt's options for lists of our own, so that the system's stay as they are."""
        base = self._folder / "_apt"
        (base / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        mirror = next((found[1] for path in _APT_SOURCES if path.exists()
                       for found in [_MIRROR.search(path.read_text())] if found), None)  # fmt: skip
        if mirror is None:
            raise FetchError("no Debian mirror is configured; the Debian corpora need a Debian machine")
        suites = (("deb", "trixie"), ("deb-src", "trixie"), ("deb-src", "bookworm"))
        lines = [f"{kind} {mirror} {suite} main\n" for kind, suite in suites]
        (base / "sources.list").write_text("".join(lines))
        values = {
            "Dir::Etc::sourcelist": base / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": base / "lists",
            "Dir::Cache::pkgcache": "",
            "Dir::Cache::srcpkgcache": "",
        }
        options = [word for key, value in values.items() for word in ("-o", f"{key}={value}")]
        _run(["apt-get", *options, "-qq", "update"], base)
        return options


def digest(path: Path) -> str:
    """Return the file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every regular file of an archive."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as opened:
            for name in opened.namelist():
                if not name.endswith("/"):
                    yield name, opened.read(name)
    elif path.suffix == ".deb":
        with tempfile.TemporaryFile() as stream:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", str(path)], stdout=stream, check=True)
            stream.seek(0)
            with tarfile.open(fileobj=stream) as tar:
                yield from _tar_members(tar)
    else:
        with tarfile.open(path) as tar:
            yield from _tar_members(tar)


def _tar_members(tar: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        content = tar.extractfile(member) if member.isfile() else None
        if content is not None:
            yield member.name.removeprefix("./"), content.read()


def _archives(folder: Path) -> list[Path]:
    wanted = (".whl", ".tgz", ".deb", ".gz", ".xz", ".bz2", ".zip")
    return sorted(path for path in folder.iterdir() if path.suffix in wanted)


def _run(command: Sequence[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise FetchError(f"{command[0]} failed for {command[-1]}: {done.stderr.strip()[-300:]}")
