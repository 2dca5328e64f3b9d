"""Small JSON files that know whether they are whole: `{"format": n, "checksum": "…", "body": {…}}`."""

from typing import TypeVar

import msgspec
import xxhash

from vexord import files
from vexord.index.errors import FutureFormatError, IndexCorruptError

FORMAT = 3
"""Version of everything in an index folder."""

Body = TypeVar("Body")


class _Envelope(msgspec.Struct):
    format: int
    checksum: str
    body: msgspec.Raw


class _AnyFormat(msgspec.Struct):
    format: int


def seal(body: msgspec.Struct) -> bytes:
    """Return the file content for `body`."""
    raw = msgspec.json.encode(body)
    return msgspec.json.encode(_Envelope(FORMAT, xxhash.xxh3_64_hexdigest(raw), msgspec.Raw(raw)))


def unseal(path: str, data: bytes, kind: type[Body]) -> Body:
    """Return the body of a sealed file's content.

    Raises:
        FutureFormatError: written by a newer version.
        IndexCorruptError: not what was sealed, or written by an older version: it is built anew.
    """
    try:
        found = msgspec.json.decode(data, type=_AnyFormat).format
        if found > FORMAT:  # before the checksum: a newer version may sum differently
            raise FutureFormatError(path, found, FORMAT)
        if found < FORMAT:
            raise IndexCorruptError(f"{path}: format {found}, which is older than ours")
        envelope = msgspec.json.decode(data, type=_Envelope)
        if xxhash.xxh3_64_hexdigest(envelope.body) != envelope.checksum:
            raise IndexCorruptError(f"{path}: the content does not match its checksum")
        return msgspec.json.decode(envelope.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IndexCorruptError(f"{path}: {error}") from None


def read_sealed(path: str, kind: type[Body]) -> Body:
    """Read a sealed file.

    Raises:
        FileNotFoundError: there is none.
        FutureFormatError, IndexCorruptError: see `unseal`.
    """
    return unseal(path, files.read_file(path), kind)


def write_sealed(path: str, body: msgspec.Struct, *, durable: bool = False) -> None:
    """Replace a sealed file atomically."""
    files.replace_file(path, seal(body), durable=durable)
