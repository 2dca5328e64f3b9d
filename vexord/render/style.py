"""Colours and links: 16-colour SGR that reads well on dark and on light, or nothing at all."""

import os
import socket
from dataclasses import dataclass
from urllib.parse import quote

_RESET = "\x1b[0m"
_CODES = {"path": "35", "line": "32", "symbol": "1", "dim": "2", "match": "1;31", "query": "1"}


@dataclass(frozen=True, slots=True)
class Style:
    """Wraps text in escape sequences if asked to. The text itself must be clean."""

    color: bool
    links: bool

    def paint(self, text: str, role: str) -> str:
        """Return `text` in the colour of a role: path, line, symbol, dim, match or query."""
        return f"\x1b[{_CODES[role]}m{text}{_RESET}" if self.color and text else text

    def link(self, text: str, path: str) -> str:
        """Return `text` as an OSC-8 link to the file at the absolute `path`."""
        if not self.links:
            return text
        return f"\x1b]8;;file://{quote(socket.gethostname())}{quote(os.fsencode(path))}\x1b\\{text}\x1b]8;;\x1b\\"
