"""Decides whether a file's bytes are text, and turns them into it; at answer time, the same way back."""

import codecs
from dataclasses import dataclass

from vexord.ingest.languages import language_of

_HEAD_BYTES = 8_192
_MAX_CONTROL_SHARE = 0.02
"""Share of control bytes from which a file counts as binary; compressed data has about 0.1."""
_TEXT_CONTROLS = b"\t\n\r\f\b\x1b"
_NOT_CONTROL = bytes(set(range(32, 127)) | set(range(128, 256)) | set(_TEXT_CONTROLS))
_UTF_32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF_16_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MARK_BYTES = {"utf-8-sig": 3, "utf-16-le": 2, "utf-16-be": 2}


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


def read_chunk_source(raw: bytes, encoding: str) -> bytes:
    """Return the UTF-8 bytes of the text that `extract` gave for `raw`: chunk byte ranges index into them.

    `encoding` is the one that `extract` named. Bytes that no longer fit it become U+FFFD; compare the text's
    hash to notice that the file has changed.
    """
    if encoding == "utf-8":
        return raw
    if encoding == "binary":
        return b""
    body = raw[_MARK_BYTES.get(encoding, 0) :]
    if encoding == "utf-8-sig":
        return body
    return body.decode(encoding, errors="replace").encode()


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
        return raw.decode("cp1252", errors="replace"), "cp1252"


def _decode_utf_16(body: bytes, encoding: str) -> tuple[str, str] | None:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        return None
    return (text, encoding) if _looks_like_text(text.encode()) else None


def _looks_like_text(data: bytes) -> bool:
    controls = len(data.translate(None, _NOT_CONTROL))
    return controls <= len(data) * _MAX_CONTROL_SHARE
