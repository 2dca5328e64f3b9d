"""Turns an outline into the labelled byte ranges that become chunks: headers, members, the code between."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vexord.ingest.chunk.cut import cut
from vexord.ingest.chunk.outline import CALLABLE_KINDS, SMALL_LINES, Definition
from vexord.ingest.chunk.source import Limits, Source

_CLOSING = re.compile(rb"[\s})\];,]*(?:end\b[;.]?|#endif|#else)?[^\S\n]*(?:(?://|/\*|--|#[ #])[^\n]*)?\s*")
_CLOSING_BYTES = 200
_SNAP_BYTES = 120
_HEADER_KINDS = frozenset({"module", "namespace"})


@dataclass(frozen=True, slots=True)
class Label:
    """What a chunk says of itself."""

    kind: str
    symbol: str = ""
    parent: str = ""
    mergeable: bool = False
    """Whether a short one may share a chunk with its neighbours."""
    more_symbols: tuple[str, ...] = ()
    """Of the neighbours that share the chunk."""


@dataclass(slots=True)
class Span:
    """A byte range with its label; `small`: mergeable and short."""

    start: int
    end: int
    label: Label
    small: bool


class Spans:
    """Collects the spans of one file in order."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._spans: list[Span] = []
        self._at = 0

    def of(self, definitions: Sequence[Definition]) -> list[Span]:
        """Return spans that hold, in order and once, all that is not blank."""
        block = Label("block", mergeable=True)
        self._scope(definitions, len(self._source.data), block, block)
        return list(self._merged())

    def _scope(self, members: Sequence[Definition], end: int, header: Label, between: Label) -> None:
        """Emit a scope: `header` up to the first member, the members, `between` for what is left."""
        label = header
        for index, member in enumerate(members):
            following = members[index + 1].start if index + 1 < len(members) else end
            start = min(self._snapped_start(member.start), end)
            stop = min(self._snapped_end(member, following), end)
            if stop <= self._at:
                continue
            if not self._leads_in(start, label):
                self._gap(start, label)
            label = between
            self._member(member, stop)
        self._gap(end, label)

    def _leads_in(self, end: int, label: Label) -> bool:
        """Whether one short line right above a member is all before it, as `#ifdef X`: it goes with it."""
        before = self._source.data[self._at : end]
        return (
            label.kind == "block"
            and len(before) <= _CLOSING_BYTES
            and before.lstrip().count(b"\n") == 1
            and not _CLOSING.fullmatch(before)
        )

    def _snapped_start(self, start: int) -> int:
        """A definition begins with its line, unless much stands before it there."""
        low = max(0, start - _SNAP_BYTES)
        newline = self._source.data.rfind(b"\n", low, start)
        if newline >= 0 or low == 0:
            start = newline + 1
        return self._source.align(max(self._at, start))

    def _snapped_end(self, member: Definition, following: int) -> int:
        """A definition ends with its line, unless much, or the next definition, stands behind it there."""
        data = self._source.data
        end = self._source.trim_end(member.start, member.end)
        high = end + _SNAP_BYTES
        line = data.find(b"\n", end, high)
        if line < 0 and high >= len(data):
            line = len(data)
        return self._source.align(end if line < 0 or following < line else line)

    def _member(self, member: Definition, end: int) -> None:
        names = () if member.members else tuple(_names_inside(member))
        own = Label(member.kind, member.symbol, member.parent, member.mergeable, names)
        if member.members:
            inside = (
                own if member.kind in CALLABLE_KINDS else Label("block", parent=member.path, mergeable=True)
            )
            self._scope(member.members, end, own, inside)
        else:
            self._emit(end, own)

    def _gap(self, end: int, label: Label) -> None:
        """Emit what stands before `end`; a mere closing bracket goes to the span before it."""
        start = self._at
        if end <= start:
            return
        if (
            self._spans
            and end - start <= _CLOSING_BYTES
            and _CLOSING.fullmatch(self._source.data, start, end)
        ):
            last = self._spans[-1]
            stop = max(last.end, self._source.trim_end(start, end))
            if self._source.size(last.start, stop) <= self._limits.maximum:
                last.end = stop if self._source.data[start:end].strip() else last.end
                self._at = end
                return
        self._emit(end, label)

    def _emit(self, end: int, label: Label) -> None:
        start, self._at = self._at, end
        trimmed = self._source.trim(start, end)
        if trimmed is None:
            return
        start, end = trimmed
        size = self._source.size(start, end)
        roomy = label.kind not in ("block", "text")
        if size <= (self._limits.maximum if roomy else self._limits.soft):
            pieces: Iterable[tuple[int, int]] = [trimmed]
        else:
            pieces = cut(self._source, start, end, self._limits)
        for first, last in pieces:
            lines = self._source.data.count(b"\n", first, last) + 1
            small = label.mergeable and lines < SMALL_LINES
            self._spans.append(Span(first, last, label, small))

    def _merged(self) -> Iterable[Span]:
        """Join small neighbours of one parent up to the target."""
        run: list[Span] = []
        for span in self._spans:
            if run and not self._joins(run, span):
                yield _joined(run)
                run = []
            run.append(span)
        if run:
            yield _joined(run)

    def _joins(self, run: list[Span], span: Span) -> bool:
        if span.label.kind in _HEADER_KINDS and run[-1].label.kind != "block":
            return False
        if not span.small or not (run[0].small or span.label.kind in _HEADER_KINDS):
            return False
        if span.label.parent != run[-1].label.parent:
            return False
        return self._source.size(run[0].start, span.end) <= self._limits.target


def _names_inside(definition: Definition) -> Iterable[str]:
    """Return the names of all that it holds but that has no chunk of its own, each once, in order."""
    names: dict[str, None] = {}
    stack = [*reversed(definition.inner)]
    while stack:
        inner = stack.pop()
        names[inner.symbol] = None
        stack += reversed(inner.inner)
    names.pop(definition.symbol, None)
    names.pop("", None)
    return names


def _joined(run: list[Span]) -> Span:
    if len(run) == 1:
        return run[0]
    kinds = {span.label.kind for span in run} - {"block"}
    symbols = {span.label.symbol for span in run} - {""}
    symbol = symbols.pop() if len(symbols) == 1 else ""
    names = dict.fromkeys(name for span in run for name in (span.label.symbol, *span.label.more_symbols))
    label = Label(
        kinds.pop() if len(kinds) == 1 else "block",
        symbol,
        run[0].label.parent,
        more_symbols=tuple(name for name in names if name and name != symbol),
    )
    return Span(run[0].start, run[-1].end, label, small=False)
