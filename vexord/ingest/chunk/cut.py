"""Cuts a range of lines into pieces near the target size, at the borders a reader would choose."""

import re

from vexord.ingest.chunk.source import Limits, Source

_CLOSER = re.compile(rb"[)\]}]|(?:end|else|elif|elsif|except|catch|finally|fi|done|esac|then|case|when)\b")
_CLOSER_COST = 8.0
_BLANK_GAIN = 5.0
_BALANCE_COST = 4.0
_WORD_BREAKS = " ;,})>\"'|&"


def cut(source: Source, start: int, end: int, limits: Limits) -> list[tuple[int, int]]:
    """Return consecutive, trimmed byte ranges that hold all that is not blank in `start:end`.

    Every piece has at most `limits.soft` characters, save a single line of at most `limits.maximum`. Runs in
    time linear in the range.
    """
    pieces: list[tuple[int, int]] = []
    trimmed = source.trim(start, end)
    while trimmed is not None:
        start, end = trimmed
        stop = _next_stop(source, start, end, limits)
        if stop is None:
            line_stop = min(source.row_end(source.row(start)), end)
            pieces += _cut_line(source, start, line_stop, limits)
            stop = line_stop
        else:
            pieces.append((start, source.trim_end(start, stop)))
        trimmed = source.trim(stop, end)
    return pieces


def _next_stop(source: Source, start: int, end: int, limits: Limits) -> int | None:
    """Return where the piece from `start` on ends; None if its first line alone is over the maximum."""
    row = source.row(start)
    stop = min(source.row_end(row), end)
    size = source.size(start, stop)
    if size > limits.maximum:
        return None
    costs: list[tuple[float, int]] = []
    blank_before = False
    while stop < end:
        row += 1
        after = min(source.row_end(row), end)
        line = source.data[stop:after]
        code = line.strip()
        if code and size >= limits.target // 2:
            costs.append((_cost(line, code, blank_before) + _imbalance(size, limits), stop))
        blank_before = not code
        size += len(line) if source.ascii else source.size(stop, after)
        if size > limits.soft:
            return min(costs)[1] if costs else stop
        stop = after
    return stop


def _imbalance(size: int, limits: Limits) -> float:
    return abs(size - limits.target) / limits.target * _BALANCE_COST


def _cost(line: bytes, code: bytes, blank_before: bool) -> float:
    """How badly a piece would begin here: deep indentation and closing words are bad, a gap is good."""
    head = line[:64].expandtabs(4)
    indent = len(head) - len(head.lstrip())
    closer = _CLOSER_COST if _CLOSER.match(code) else 0.0
    return indent + closer - (_BLANK_GAIN if blank_before else 0.0)


def _cut_line(source: Source, start: int, end: int, limits: Limits) -> list[tuple[int, int]]:
    """Cut one long line by characters, behind a separator if one lies in the last part of a piece."""
    text = source.slice(start, end)
    pieces: list[tuple[int, int]] = []
    at = 0
    offset = start
    while at < len(text):
        stop = min(at + limits.target, len(text))
        if stop < len(text):
            low = at + limits.target * 3 // 4
            stop = 1 + max((text.rfind(mark, low, stop) for mark in _WORD_BREAKS), default=-1) or stop
        width = stop - at if source.ascii else len(text[at:stop].encode())
        trimmed = source.trim(offset, offset + width)
        if trimmed is not None:
            pieces.append(trimmed)
        offset += width
        at = stop
    return pieces
