"""Cuts Markdown and reStructuredText by heading; a section knows the headings above it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vexord.ingest.chunk.source import Source
from vexord.ingest.chunk.spans import Label

CRUMB = " > "
_MAX_HEADING_BYTES = 400
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_NOT_PARAGRAPH = re.compile(r"\s*(?:[-*+>|#]|\d+[.)]\s|$)| {4}|\t")
_ADORNMENT = re.compile(r"([=\-`:.'\"~^_*+#])\1+\s*")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that begins at byte `start`; `level` 1 is the highest."""

    start: int
    level: int
    title: str


def sections(source: Source, language: str) -> Iterator[tuple[int, int, Label]]:
    """Yield `(start, end, label)` of each section in order; a bare heading joins its first subsection."""
    headings = list(_rst(source) if language == "rst" else _markdown(source))
    first = headings[0].start if headings else len(source.data)
    yield 0, first, Label("text")
    above: list[Heading] = []
    start: int | None = None
    for index, heading in enumerate(headings):
        while above and above[-1].level >= heading.level:
            above.pop()
        parent = CRUMB.join(crumb.title for crumb in above)
        above.append(heading)
        following = headings[index + 1] if index + 1 < len(headings) else None
        end = following.start if following else len(source.data)
        start = heading.start if start is None else start
        if following and following.level > heading.level and _is_bare(source, heading.start, end, language):
            continue
        yield start, end, Label("section", heading.title, parent)
        start = None


def _is_bare(source: Source, start: int, end: int, language: str) -> bool:
    lines = [
        line
        for line in source.data[start : min(end, start + 3 * _MAX_HEADING_BYTES)].split(b"\n")
        if line.strip()
    ]
    limit = 1
    if language == "rst":
        limit = 3 if _ADORNMENT.fullmatch(lines[0].decode(errors="replace").rstrip()) else 2
    elif len(lines) == 2 and _SETEXT.fullmatch(lines[1].decode(errors="replace").rstrip()):
        limit = 2
    return len(lines) <= limit


def _lines(source: Source) -> Iterator[tuple[int, str]]:
    """Yield each line's offset and its text; one too long for a heading counts as a paragraph."""
    for row, start in enumerate(source.starts):
        end = source.row_end(row)
        if end - start > _MAX_HEADING_BYTES:
            yield start, "…"
        else:
            yield start, source.data[start:end].decode(errors="replace").rstrip("\r\n")


def _markdown(source: Source) -> Iterator[Heading]:
    fence = ""
    previous: tuple[int, str] | None = None
    lines = _lines(source)
    if source.data.startswith((b"---\n", b"---\r\n")):
        lines = _after_front_matter(source)
    for start, line in lines:
        opening = _FENCE.match(line)
        if opening is not None:
            mark = opening[1]
            if not fence:
                fence = mark
            elif mark[0] == fence[0] and len(mark) >= len(fence) and not line.strip().strip(mark[0]):
                fence = ""
            previous = None
            continue
        if fence:
            continue
        atx, setext = _ATX.fullmatch(line), _SETEXT.fullmatch(line)
        if atx is not None:
            yield Heading(start, len(atx[1]), _plain(atx[2] or ""))
            previous = None
        elif setext is not None and previous is not None:
            yield Heading(previous[0], 1 if setext[1][0] == "=" else 2, _plain(previous[1]))
            previous = None
        else:
            previous = None if _NOT_PARAGRAPH.match(line) else (start, line)


def _after_front_matter(source: Source) -> Iterator[tuple[int, str]]:
    """Yield the lines behind a leading `---` … `---`; all lines if it is never closed."""
    lines = list(_lines(source))
    closing = next((index for index, (_, line) in enumerate(lines[1:200], 1) if line.rstrip() == "---"), -1)
    yield from lines[closing + 1 :]


def _plain(title: str) -> str:
    return re.sub(r"[*`]", "", title).strip()


def _rst(source: Source) -> Iterator[Heading]:
    """A line underlined, or over- and underlined, by at least its length; levels by order of first use."""
    styles: list[tuple[str, bool]] = []
    before: tuple[int, str] = (0, "")
    previous: tuple[int, str] = (0, "")
    for start, line in _lines(source):
        text = previous[1].strip()
        if (
            _ADORNMENT.fullmatch(line)
            and text
            and not _ADORNMENT.fullmatch(text)
            and len(line.rstrip()) >= len(text)
        ):
            over = before[1].rstrip() == line.rstrip()
            if over or not before[1].strip():
                style = (line[0], over)
                if style not in styles:
                    styles.append(style)
                yield Heading(before[0] if over else previous[0], styles.index(style) + 1, _plain(text))
                before, previous = (0, ""), (0, "")
                continue
        before, previous = previous, (start, line)
