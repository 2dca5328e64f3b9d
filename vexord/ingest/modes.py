"""How much of a file is indexed: the modes, each a function from a file's text to its chunks."""

from collections import Counter
from collections.abc import Callable, Mapping

from vexord.index.terms import telling_words
from vexord.index.types import Chunk
from vexord.ingest.chunk import Limits, chunk_file
from vexord.ingest.extract import Extracted

AUTO, NAME = "auto", "name"
HEAD_CHARS = 1_000
BRIEF_WORDS = 20
WINDOW = Limits(target=1_000)
_HEADED = frozenset({"markdown", "rst"})
_DEFINES_NOTHING = frozenset({"block", "text", "section"})
_PLAIN = ""
"""A language that no parser knows: its text is cut by lines."""


def chunks_of(mode: str, path: str, extracted: Extracted) -> list[Chunk]:
    """Return the chunks of a text under a mode of `vexor_protocol.settings.MODES`; never raises for a text.

    Every chunk names true lines: what stands there is its `text`, or its `quoted` where that is a summary.
    """
    return _MODES[mode](path, extracted)


def by_name(path: str, kind: str = "file") -> Chunk:
    """Return the one chunk of a file of which nothing but the path is indexed."""
    return Chunk(1, 1, 0, 0, "", symbol=path.rpartition("/")[2], kind=kind)


def _auto(path: str, extracted: Extracted) -> list[Chunk]:
    return chunk_file(path, extracted.text, extracted.language)


def _name(path: str, _extracted: Extracted) -> list[Chunk]:
    return [by_name(path)]


def _head(path: str, extracted: Extracted) -> list[Chunk]:
    head = _first(extracted.text)
    return [head] if head is not None else [by_name(path)]


def _brief(path: str, extracted: Extracted) -> list[Chunk]:
    """One chunk a file: its most frequent words are searched, its beginning is shown."""
    head = _first(extracted.text)
    words = (word.lower() for word in telling_words(extracted.text) if len(word) > 1 and not word.isdigit())
    frequent = [word for word, _ in Counter(words).most_common(BRIEF_WORDS)]
    if head is None or not frequent:
        return [by_name(path)]
    return [Chunk(head.start_line, head.end_line, head.start_byte, head.end_byte, " ".join(frequent),
                  kind="text", quoted=head.text)]  # fmt: skip


def _full(path: str, extracted: Extracted) -> list[Chunk]:
    return chunk_file(path, extracted.text, _PLAIN, WINDOW) or [by_name(path)]


def _code(path: str, extracted: Extracted) -> list[Chunk]:
    chunks = chunk_file(path, extracted.text, extracted.language)
    return [chunk for chunk in chunks if chunk.kind not in _DEFINES_NOTHING] or _full(path, extracted)


def _outline(path: str, extracted: Extracted) -> list[Chunk]:
    return _auto(path, extracted) if extracted.language in _HEADED else _full(path, extracted)


_MODES: Mapping[str, Callable[[str, Extracted], list[Chunk]]] = {
    AUTO: _auto, NAME: _name, "head": _head, "brief": _brief, "full": _full, "code": _code,
    "outline": _outline,
}  # fmt: skip


def _first(text: str) -> Chunk | None:
    """Return the first `HEAD_CHARS` characters, less what is blank around them; None if nothing is left."""
    begin = len(text) - len(text.lstrip())
    head = text[begin : begin + HEAD_CHARS].rstrip()
    if not head:
        return None
    line, start = text.count("\n", 0, begin) + 1, len(text[:begin].encode())
    return Chunk(line, line + head.count("\n"), start, start + len(head.encode()), head)
