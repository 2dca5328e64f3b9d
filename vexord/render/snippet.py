"""Choose the few lines of a chunk that show why it was found."""

from bisect import bisect_left
from dataclasses import dataclass

from vexord.render.cells import ELLIPSIS, clean, fit, width_of
from vexord.render.highlight import Span

TAB = 4
_LONGEST = 20_000
"""Characters of a line that are looked at: a chunk may be one line of minified code."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to show. `gap`: lines that say something were left out before it."""

    number: int
    text: str
    gap: bool = False


def choose(text: str, start_line: int, focus_line: int | None, budget: int, head: bool) -> list[Line]:
    """Return at most `budget` lines around the focus, dedented and clean; blank lines are skipped.

    `head`: the first line names what the chunk is and is always among them.
    """
    rows = [row.removesuffix("\r").expandtabs(TAB).rstrip() for row in text.split("\n")]
    filled = [index for index, row in enumerate(rows) if row]
    if not filled:
        return []
    focus = bisect_left(filled, (focus_line or start_line) - start_line, hi=len(filled) - 1)
    picked = _pick(len(filled), max(0, focus), budget, head)
    indent = min(len(rows[filled[at]]) - len(rows[filled[at]].lstrip()) for at in picked)
    lines: list[Line] = []
    for place, at in enumerate(picked):
        row = rows[filled[at]][indent : indent + _LONGEST]
        lines.append(Line(start_line + filled[at], clean(row), gap=place > 0 and at > picked[place - 1] + 1))
    return lines


def _pick(count: int, focus: int, budget: int, head: bool) -> list[int]:
    """Return indices of `count` rows: the head if wanted, and a window with the focus in its upper third."""
    if count <= budget:
        return list(range(count))
    room = budget - 1 if head and budget > 1 else budget
    begin = max(0, min(focus - room // 3, count - room))
    if head and begin > 1:
        return [0, *range(begin, begin + room)]
    begin = 0 if head else begin
    return list(range(begin, begin + budget))


def window(text: str, spans: list[Span], width: int) -> tuple[str, list[Span]]:
    """Cut a line to `width` columns; if its first mark would be lost, move along to show it."""
    if len(text) <= width and width_of(text) <= width:
        return text, spans
    start = 0
    if spans and spans[0][1] > fit(text, width - 1):
        start = max(0, spans[0][0] - width // 2)
    lead = ELLIPSIS if start else ""
    room = width - len(lead)
    rest = text[start:]
    tail = ""
    if fit(rest, room) < len(rest):
        rest = rest[: fit(rest, room - 1)]
        tail = ELLIPSIS
    shift, end = start - len(lead), start + len(rest)
    kept = [(max(a, start) - shift, min(b, end) - shift) for a, b in spans if a < end and b > start]
    return lead + rest + tail, kept
