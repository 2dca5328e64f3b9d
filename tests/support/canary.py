"""Looks for a secret in whatever was written: as it is, encoded, escaped, or a piece of it."""

import base64
import json
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

PIECE = 12
"""A run of so many characters counts as having been given away."""


class Canary:
    """A made up secret, of characters that say nothing elsewhere."""

    def __init__(self, value: str) -> None:
        self.value = value
        self._pieces = {piece for form in _forms(value) for piece in _pieces(form)}

    def seen_in(self, data: bytes) -> bool:
        """Whether any piece of any form stands in some bytes."""
        return any(piece in data for piece in self._pieces)


def files_with(canary: Canary, folder: Path) -> list[str]:
    """Return the files below a folder that hold it, in their content or their name."""
    return [
        str(path)
        for path in sorted(folder.rglob("*"))
        if canary.seen_in(bytes(path)) or (path.is_file() and canary.seen_in(path.read_bytes()))
    ]


def _forms(value: str) -> Iterator[bytes]:
    raw = value.encode()
    yield raw
    yield raw.hex().encode()
    yield urllib.parse.quote(value, safe="").encode()
    yield json.dumps(value).strip('"').encode()
    yield "".join(f"\\u{ord(character):04x}" for character in value).encode()
    yield value.encode("utf-16-le")
    for before in range(3):  # where the secret begins in a larger text that is encoded as a whole
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * before + raw)
            yield coded[4 if before else 0 : -4]


def _pieces(form: bytes) -> Iterable[bytes]:
    length = min(len(form), PIECE * (6 if form.startswith(b"\\u") else 2 if b"\0" in form else 1))
    return (form[start : start + length] for start in range(len(form) - length + 1))
