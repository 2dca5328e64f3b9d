"""Reads the files of an archive without writing them anywhere."""

import io
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_FILE_BYTES = 400_000
"""Larger files are data or generated."""


def files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every regular file, by path; the folder that holds all is left out."""
    found = sorted(_zip(archive) if archive.suffix in (".whl", ".zip") else _tar(archive))
    tops = {path.partition("/")[0] for path, _ in found}
    strip = len(tops) == 1 and all("/" in path for path, _ in found)
    for path, content in found:
        yield (path.partition("/")[2] if strip else path), content


def _zip(archive: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            if not member.is_dir() and member.file_size <= MAX_FILE_BYTES:
                yield member.filename, opened.read(member)


def _tar(archive: Path) -> Iterator[tuple[str, bytes]]:
    with _stream(archive) as raw, tarfile.open(fileobj=raw) as opened:
        for member in opened:
            if member.isfile() and member.size <= MAX_FILE_BYTES and (content := opened.extractfile(member)):
                yield member.name.removeprefix("./"), content.read()


def _stream(archive: Path) -> BinaryIO:
    if archive.suffix != ".deb":
        return archive.open("rb")
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], check=True, capture_output=True)
    return io.BytesIO(unpacked.stdout)
