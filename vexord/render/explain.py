"""The parts of a score as a small table below a hit."""

from vexor_protocol.messages import Hit, Part

from vexord.render.cells import clean, shorten, width_of
from vexord.render.style import Style

_FIGURE = 10
"""Columns of a number with the gap before it."""
_SUM = "score"


def explain_rows(hit: Hit, indent: int, width: int, style: Style) -> list[str]:
    """Return a line for each part (name, share, and in brackets what the signal said), then their sum.

    Names are cut so that no line is wider than `width`.
    """
    room = max(1, width - indent - 2 * _FIGURE - 2)
    names = [shorten(clean(part.part), room) for part in hit.explain]
    column = max(map(width_of, [*names, _SUM]), default=0)
    rows = [_row(name, column, _figures(part)) for name, part in zip(names, hit.explain, strict=True)]
    rows.append(_row(_SUM, column, f"{hit.score:>{_FIGURE}.4f}"))
    return [" " * indent + style.paint(row, "dim") for row in rows]


def _figures(part: Part) -> str:
    said = f"({part.value:.4g})"
    return f"{part.share:>+{_FIGURE}.4f}  {said:>{_FIGURE}}"


def _row(name: str, column: int, figures: str) -> str:
    return name + " " * (column - width_of(name)) + figures
