"""Decides whether a file's bytes are text, and turns them into it (`index.encodings` reads it back)."""

import codecs
from dataclasses import dataclass

from vexord.index.encodings import decode
from vexord.ingest.languages import language_of

_HEAD_BYTES = 8_192
_MAX_CONTROL_SHARE = 0.02
"""Share of control bytes from which a file counts as binary; compressed data has about 0.1."""
_TEXT_CONTROLS = b"\t\n\r\f\b\x1b"
_NOT_CONTROL = bytes(set(range(32, 127)) | set(range(128, 256)) | set(_TEXT_CONTROLS))
_UTF_32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Extracted:
    """A file as the index sees it. A binary file has an empty text and the encoding `binary`."""

    text: str
    """Without byte order mark, line ends as they are in the file."""
    encoding: str
    """`utf-8`, `utf-8-sig`, `utf-16-le`, `utf-16-be`, `cp1252` or `binary`."""
    language: str
    binary: bool


def extract(path: str, raw: bytes) -> Extracted:
    """Return the text of a file's bytes, its encoding and its language; never raises."""
    decoded = _decode(raw)
    if decoded is None:
        return Extracted("", "binary", language_of(path, b""), binary=True)
    text, encoding = decoded
    head = raw[:_HEAD_BYTES] if encoding in ("utf-8", "cp1252") else text[:_HEAD_BYTES].encode()
    return Extracted(text, encoding, language_of(path, head), binary=False)


def _decode(raw: bytes) -> tuple[str, str] | None:
    """Return text and encoding, or None for binary data."""
    if raw.startswith(_UTF_32_MARKS):
        return None
    for mark, encoding in _UTF_16_MARKS:
        if raw.startswith(mark):
            return _decode_utf_16(raw[len(mark) :], encoding)
    if b"\0" in raw[:_HEAD_BYTES] or not _looks_like_text(raw):
        return None
    try:
        if raw.startswith(codecs.BOM_UTF8):
            return raw[len(codecs.BOM_UTF8) :].decode(), "utf-8-sig"
        return raw.decode(), "utf-8"
    except UnicodeDecodeError:
        return decode(raw, "cp1252"), "cp1252"


def _decode_utf_16(body: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        return None
    return (text, encoding) if _looks_like_text(text.encode()) else None


def _looks_like_text(data: bytes) -> bool:
    controls = len(data.translate(None, _NOT_CONTROL))
    return controls <= len(data) * _MAX_CONTROL_SHARE
