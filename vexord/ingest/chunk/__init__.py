"""Cuts a file's text into chunks: by definition where the syntax is known, by heading else by lines."""

from collections.abc import Iterable, Iterator

from vexord.index.types import Chunk
from vexord.ingest.chunk.cut import cut
from vexord.ingest.chunk.outline import outline
from vexord.ingest.chunk.parsers import failures, parse
from vexord.ingest.chunk.sections import sections
from vexord.ingest.chunk.source import Limits, Source
from vexord.ingest.chunk.spans import Label, Spans
from vexord.ingest.chunk.spec import Spec
from vexord.ingest.chunk.specs import SPECS

__all__ = ["CHUNKER_VERSION", "MAX_PARSE_BYTES", "Limits", "chunk_file", "failures"]

CHUNKER_VERSION = 2
"""Goes up with every change that gives other chunks for the same text."""

MAX_PARSE_BYTES = 1_000_000
"""Larger files are mostly generated: cut by lines, still searchable."""

DEFAULT_LIMITS = Limits()
_HEADED = frozenset({"markdown", "rst"})

_Labelled = tuple[int, int, Label]


def chunk_file(path: str, text: str, language: str, limits: Limits = DEFAULT_LIMITS) -> list[Chunk]:  # noqa: ARG001
    """Return the chunks of a text: every character of it that is not blank lies in exactly one, in order.

    `chunk.text == text.encode()[chunk.start_byte : chunk.end_byte].decode()`. Line numbers count `\\n` only.
    A file that cannot be parsed is cut by lines and counted in `failures`.
    """
    source = Source(text)
    return list(_chunks(source, _ranges(source, language, limits)))


def _ranges(source: Source, language: str, limits: Limits) -> Iterable[_Labelled]:
    if language in _HEADED:
        return _headed(source, language, limits)
    spec = SPECS.get(language)
    if spec is None:
        return _by_lines(source, Label("text"), limits)
    return _parsed(source, spec, limits) or _by_lines(source, Label("block"), limits)


def _parsed(source: Source, spec: Spec, limits: Limits) -> list[_Labelled] | None:
    if len(source.data) > MAX_PARSE_BYTES:
        return None
    tree = parse(spec.grammar, source.data)
    if tree is None:
        return None
    definitions = outline(tree.root_node, spec, source, limits)
    return [(span.start, span.end, span.label) for span in Spans(source, limits).of(definitions)]


def _headed(source: Source, language: str, limits: Limits) -> Iterator[_Labelled]:
    for start, end, label in sections(source, language):
        for first, last in cut(source, start, end, limits):
            yield first, last, label


def _by_lines(source: Source, label: Label, limits: Limits) -> Iterator[_Labelled]:
    for start, end in cut(source, 0, len(source.data), limits):
        yield start, end, label


def _chunks(source: Source, ranges: Iterable[_Labelled]) -> Iterator[Chunk]:
    """Number the lines of ordered ranges in one pass."""
    line, counted = 1, 0
    count = source.data.count
    for start, end, label in ranges:
        line += count(b"\n", counted, start)
        last_line = line + count(b"\n", start, end)
        yield Chunk(
            start_line=line,
            end_line=last_line,
            start_byte=start,
            end_byte=end,
            text=source.slice(start, end),
            symbol=label.symbol,
            parent=label.parent,
            kind=label.kind,
            more_symbols=label.more_symbols,
        )
        line, counted = last_line, end
