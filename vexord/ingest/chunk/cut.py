"""Cuts a range of lines into pieces near the target size, at the borders a reader would choose."""

from bisect import bisect_left, bisect_right

from vexord.ingest.chunk.rows import NEVER
from vexord.ingest.chunk.source import Limits, Source

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
    if source.size(start, min(source.row_end(row), end)) > limits.maximum:
        return None
    rows = source.rows
    before = rows.chars[row] + source.size(source.starts[row], start)
    # The row with which the piece would be too large: the last one that the next piece can begin with.
    over = bisect_right(rows.chars, before + limits.soft, row + 2) - 1
    if over >= len(source.starts) or source.starts[over] >= end:
        return end
    whole = source.row_end(over) <= end
    if not whole and rows.chars[over] - before + source.size(source.starts[over], end) <= limits.soft:
        return end
    first = bisect_left(rows.chars, before + limits.target // 2, row + 1)
    costs = [
        (rows.costs[number] + _imbalance(rows.chars[number] - before, limits.target), number)
        for number in range(first, over + whole)
        if rows.costs[number] != NEVER
    ]
    if not whole and first <= over and (cost := rows.cost_up_to(over, end)) != NEVER:
        costs.append((cost + _imbalance(rows.chars[over] - before, limits.target), over))
    return source.starts[min(costs)[1] if costs else over]


def _imbalance(size: int, target: int) -> float:
    return abs(size - target) / target * _BALANCE_COST


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
