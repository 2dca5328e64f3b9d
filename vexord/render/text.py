"""Hits for people: `path:line` first, what it is, and the lines that answer."""

from collections.abc import Sequence

from vexor_protocol.messages import Hit, Place, QueryResult, RenderOptions, SearchResult

from vexord.index.terms import query_terms
from vexord.render.cells import ELLIPSIS, clean, shorten, width_of
from vexord.render.explain import explain_rows
from vexord.render.highlight import Highlighter
from vexord.render.places import absolute_path, breadcrumb, shown_path
from vexord.render.snippet import Line, choose, window
from vexord.render.style import Style

_BUDGET = (8, 5, 5)
_BUDGET_REST = 3
"""Lines shown of each hit, by rank: the best answers deserve the room."""
_PLAIN_KINDS = frozenset({"text", "block", "section", "file"})
_MIN_CRUMB = 6
_RULE = "──"


def render_text(result: SearchResult, options: RenderOptions) -> str:
    """Return the hits of every query, a blank line between two of them; empty if there are none."""
    if not any(found.hits for found in result.results):
        return ""
    page = _Page(result, options)
    several = len(result.results) > 1
    blocks: list[str] = []
    for found in result.results:
        if several:
            blocks.append(page.query(found))
        names = (name for correction in found.corrected for name in correction.names)
        highlighter = Highlighter(query_terms(" ".join((*names, found.query))))
        blocks += [page.hit(rank, hit, highlighter) for rank, hit in enumerate(found.hits)]
    return "\n\n".join(blocks) + "\n"


class _Page:
    """What all hits of one reply have in common: width, style, and the column where code begins."""

    def __init__(self, result: SearchResult, options: RenderOptions) -> None:
        self._options = options
        self._style = Style(options.color, options.links)
        self._several_projects = len(result.projects) > 1
        ends = (hit.end_line for found in result.results for hit in found.hits)
        self._digits = max(3, len(str(max(ends, default=0))))

    def query(self, found: QueryResult) -> str:
        """Return the line that heads the hits of one of several queries."""
        text = shorten(clean(" ".join(found.query.split())), self._options.width - 6)
        rule = "─" * max(2, self._options.width - width_of(text) - 4)
        paint = self._style.paint
        header = f"{paint(_RULE, 'dim')} {paint(text, 'query')} {paint(rule, 'dim')}"
        return header if found.hits else f"{header}\n\n{paint('no hits', 'dim')}"

    def hit(self, rank: int, hit: Hit, highlighter: Highlighter) -> str:
        """Return one hit: header, lines, further places, and what made up its score if that was asked for."""
        budget = _BUDGET[rank] if rank < len(_BUDGET) else _BUDGET_REST
        lines = choose(hit.text, hit.start_line, hit.focus_line, budget, head=bool(hit.symbol))
        rows = [self._header(hit)]
        for line in lines:
            if line.gap:
                rows.append(self._style.paint(f"{'⋮':>{self._digits + 2}}", "dim"))
            rows.append(self._code(line, line.number == hit.focus_line, highlighter))
        if hit.more:
            rows.append(self._more(hit.more))
        if hit.explain:
            rows += explain_rows(hit, self._digits + 4, self._options.width, self._style)
        return "\n".join(rows)

    def _header(self, hit: Hit) -> str:
        paint, style = self._style.paint, self._style
        path = clean(shown_path(hit, self._options.base, self._several_projects))
        number = str(_jump_line(hit))
        place = style.link(paint(path, "path"), absolute_path(hit)) + ":" + paint(number, "line")
        room = self._options.width - width_of(path) - len(number) - 1
        parts: list[str] = []
        for text, role in self._labels(hit):
            label = shorten(text, room - 2) if role == "symbol" else text
            if not label or room - 2 < min(_MIN_CRUMB, width_of(text)) or width_of(label) > room - 2:
                break
            parts.append(self._symbol(label, hit) if role == "symbol" else paint(label, role))
            room -= width_of(label) + 2
        return "  ".join([place, *parts])

    def _labels(self, hit: Hit) -> list[tuple[str, str]]:
        labels: list[tuple[str, str]] = []
        crumb = clean(breadcrumb(hit))
        if crumb:
            labels.append((crumb, "symbol"))
        if hit.kind not in _PLAIN_KINDS:
            labels.append((hit.kind, "dim"))
        if self._several_projects:
            labels.append((f"in {clean(hit.project.rstrip('/').rpartition('/')[2])}", "dim"))
        return labels

    def _symbol(self, label: str, hit: Hit) -> str:
        """Paint the way to the symbol dim and its own name bold."""
        name = clean(hit.symbol or "")
        if name and label.endswith(name):
            way = label[: len(label) - len(name)]
            return self._style.paint(way, "dim") + self._style.paint(name, "symbol")
        return self._style.paint(label, "dim")

    def _code(self, line: Line, focus: bool, highlighter: Highlighter) -> str:
        number = f"{line.number:>{self._digits + 2}}"
        gutter = self._style.paint(number, "line" if focus else "dim")
        room = max(1, self._options.width - len(number) - 2)
        text, spans = window(line.text, highlighter.spans(line.text), room)
        if not text:
            return gutter
        out: list[str] = []
        at = 0
        for start, end in spans if self._options.color else []:
            out += [text[at:start], self._style.paint(text[start:end], "match")]
            at = end
        return f"{gutter}  {''.join(out)}{text[at:]}"

    def _more(self, places: Sequence[Place]) -> str:
        indent = " " * (self._digits + 4)
        line = indent + "also"
        for index, place in enumerate(places):
            comma = "," if index + 1 < len(places) else ""
            item = f" :{place.start_line}" + (f" {clean(place.symbol)}" if place.symbol else "") + comma
            if width_of(line + item) > self._options.width - 2 * bool(comma):
                line = line.removesuffix(",") + " " + ELLIPSIS
                break
            line += item
        return indent + self._style.paint(line[len(indent) :], "dim")


def _jump_line(hit: Hit) -> int:
    """Where an editor should land: at a definition, or else at the line that answers."""
    return hit.start_line if hit.symbol or not hit.focus_line else hit.focus_line
