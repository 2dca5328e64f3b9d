"""Packages to pairs of query and code, cut by the daemon's own chunker."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec

from training.corpus import exclude
from training.corpus.comments import documented, remarks
from training.corpus.questions import question
from training.corpus.sources import Source
from training.corpus.unpack import files
from vexord.index.types import Chunk
from vexord.ingest.chunk import chunk_file
from vexord.ingest.extract import extract
from vexord.words import WORD, parts

_NAMES = """
bash c clojure cpp csharp dart elixir erlang go haskell java javascript jsx julia kotlin lua objc
ocaml perl php python r ruby rust scala swift tsx typescript zig
"""
LANGUAGES = frozenset(_NAMES.split())
MAX_RECORDS = 9_000
"""Of one package."""
_MAX_LINE_CHARS = 200
"""Mean length of the lines of a file that a person wrote."""
_MIN_CODE, _MAX_CODE = 40, 6_000
_QUESTIONS = 0.35
"""Share of documentation that is asked as a question."""
_NAMED = 0.15
_REMARKED = 0.5
_WHOLE = 0.4
"""Share of remarks that stand for the whole chunk, not for the next lines."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a shard."""

    package: str
    language: str
    path: str
    source: str
    """Kind of query: `doc`, `question`, `name` or `remark`."""
    query: str
    code: str
    symbol: str
    parent: str
    kind: str
    held_out: bool


def mine(source: Source, archive: Path) -> list[Record]:
    """Return the records of one package, in an order that depends on nothing but its content."""
    rng = random.Random(source.name)
    wanted = [(path, content) for path, content in files(archive) if _wanted(source, path)]
    rng.shuffle(wanted)
    records: dict[bytes, Record] = {}
    for path, content in wanted:
        if len(records) >= MAX_RECORDS:
            break
        for record in _records(source, path, content, rng):
            records.setdefault(_identity(record), record)
    return sorted(records.values(), key=lambda record: (record.path, record.query, record.code))


def _wanted(source: Source, path: str) -> bool:
    return not (exclude.of_benchmark(source.package, path) or exclude.not_written(path))


def _records(source: Source, path: str, content: bytes, rng: random.Random) -> Iterator[Record]:
    file = extract(path, content)
    if file.binary or file.language not in LANGUAGES:
        return
    if len(file.text) > _MAX_LINE_CHARS * (file.text.count("\n") + 1):
        return
    for chunk in chunk_file(path, file.text, file.language):
        if not _MIN_CODE <= len(chunk.text) <= _MAX_CODE or exclude.of_benchmark_text(chunk.text):
            continue
        for kind, query, code in _queries(chunk, file.language, rng):
            yield Record(
                package=source.name,
                language=file.language,
                path=path,
                source=kind,
                query=query.encode("utf-8", "replace").decode(),
                code=code.encode("utf-8", "replace").decode(),
                symbol="" if kind == "name" else chunk.symbol,
                parent=chunk.parent,
                kind=chunk.kind,
                held_out=source.held_out,
            )


def _queries(chunk: Chunk, language: str, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield kind, query and the code that answers it: the chunk less what the query was made from."""
    split = documented(chunk.text, language)
    if split.text and len(split.code.strip()) >= _MIN_CODE:
        asked = rng.random() < _QUESTIONS
        query = question(split.text, chunk.symbol, rng) if asked else split.text
        yield ("question" if asked else "doc"), query, split.code
    if chunk.symbol and rng.random() < _NAMED:
        words = [part for word in WORD.findall(chunk.symbol) for part in parts(word)]
        if len(words) > 1:
            yield "name", " ".join(words), split.code.replace(chunk.symbol, "", 1)
    if rng.random() < _REMARKED and (found := remarks(split.code)):
        remark = rng.choice(found)
        whole = rng.random() < _WHOLE
        yield "remark", remark.text, split.code.replace(remark.text, "") if whole else remark.code


def _identity(record: Record) -> bytes:
    return hashlib.blake2b(f"{record.query}\0{record.code}".encode(), digest_size=16).digest()
