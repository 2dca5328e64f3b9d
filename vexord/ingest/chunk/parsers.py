"""Loads each grammar once, when it is first needed, and bounds the time of a parse."""

import logging
import time
from collections import Counter
from functools import cache
from typing import cast

from tree_sitter import Parser, Point, Tree
from tree_sitter_language_pack import SupportedLanguage, get_parser

PARSE_LIMIT_S = 2.0
"""CPU time of the thread, not of the clock: a busy machine must not change how a file is cut."""
_READ_BYTES = 512
"""Small, since tree-sitter asks again after each step back: with 64 kB a read, one Scala file of 80 kB took
six times the time."""
_block = bytearray()
"""What each read returns, with other bytes in it. tree-sitter 0.26 never gives back its reference to what a
read returned: of new objects each would be lost memory, and an indexer of edits grew by what it had parsed.
It lets go of the buffer before it asks again, so that the block may be filled anew."""

failures: Counter[str] = Counter()
"""Parses that gave no tree, by grammar, since the process began."""

_log = logging.getLogger(__name__)


@cache
def _parser(grammar: str) -> Parser | None:
    try:
        return get_parser(cast(SupportedLanguage, grammar))
    except (LookupError, ImportError, OSError, ValueError) as error:
        _log.warning("grammar %s cannot be loaded, its files are cut by lines: %s", grammar, error)
        return None


def parse(grammar: str, data: bytes, limit_s: float = PARSE_LIMIT_S) -> Tree | None:
    """Return the syntax tree of UTF-8 `data`; None without a grammar or after `limit_s` CPU seconds."""
    parser = _parser(grammar)
    if parser is None:
        failures[grammar] += 1
        return None
    deadline, not_before = time.thread_time() + limit_s, time.monotonic() + limit_s

    def read(offset: int, _point: Point) -> bytes:
        _block[:] = data[offset : offset + _READ_BYTES]
        return cast(bytes, _block)  # any buffer will do

    def late(_offset: int, _has_error: bool) -> bool:
        return time.monotonic() > not_before and time.thread_time() > deadline  # the first costs a fifth

    try:
        return parser.parse(read, progress_callback=late)
    except ValueError:
        parser.reset()
        failures[grammar] += 1
        return None
