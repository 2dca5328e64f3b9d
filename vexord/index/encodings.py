"""The text encodings that the index knows, and the way from bytes to the UTF-8 text that chunks cut."""

import codecs

_BOMS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}


def to_utf8(raw: bytes, encoding: str) -> bytes:
    """Return the text of a file as UTF-8 without a byte-order mark; chunk offsets count in these bytes.

    Bytes that do not fit the encoding become U+FFFD: a file may have changed since its encoding was found.
    """
    if encoding == "utf-8":
        return raw
    if encoding == "binary":
        return b""
    body = raw.removeprefix(_BOMS.get(encoding, b""))
    if encoding == "utf-8-sig":
        return body
    return decode(body, encoding).encode("utf-8")


def decode(body: bytes, encoding: str) -> str:
    """Decode bytes without their byte-order mark; never fails."""
    if encoding == "cp1252":
        # The five bytes that Windows-1252 leaves undefined mean what they mean in Latin-1.
        return body.decode("cp1252", "vexord-latin1")
    return body.decode("utf-8" if encoding == "utf-8-sig" else encoding, "replace")


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("vexord-latin1", _as_latin1)
