"""From candidate chunks to files in order: fuse both rankings, weigh what path and symbols say, group.

The weights are set by hand, after rules whose worth was measured one by one on questions with known answers.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from vexor_protocol.messages import Part

from vexord.index.terms import analyse
from vexord.search.candidates import Candidates, Pool, Scores
from vexord.search.explain import Ledger
from vexord.search.query import Query

MEANING_WEIGHT = 0.5
SYMBOL_MEANING_WEIGHT = 0.15
"""A query that is one identifier is answered by words first."""
CHUNK_DECAY = 0.5
"""A file's score: its best chunk + 1/2 of the second + 1/4 of the third + 1/8 of the fourth."""
CHUNKS_COUNTED = 4
FILE_NAME_BOOST = 0.6
FOLDER_NAME_BOOST = 0.15
ASIDE_FACTOR = 0.4
SYMBOL_ASIDE_FACTOR = 0.8
"""Tests, examples, documentation and benchmarks answer fewer questions than the code that they are about."""
DEFINES_SYMBOL_FACTOR = 3.0
DEFINES_MENTIONED_FACTOR = 1.6

_ASIDE = re.compile(
    r"(^|/)(tests?|testing|specs?|__tests__|examples?|samples?|docs?|documentation|bench(marks?)?|fixtures?"
    r"|testdata|mocks?)(/|$)|(^|/)(test_|conftest)[^/]*$|([._-](test|spec|bench)|_tests?|Tests?)\.[^/.]+$"
    r"|(^|/)(CHANGELOG|CHANGES|HISTORY|NEWS|LICENSE|COPYING)[^/]*$"
)
_ASIDE_WORDS = frozenset(
    {"test", "spec", "example", "sample", "doc", "documentation", "benchmark", "fixture", "mock"}
)


@dataclass(frozen=True, slots=True)
class RankedChunk:
    """A candidate with its final score."""

    pool: int
    row: int
    score: float


@dataclass(frozen=True, slots=True)
class RankedFile:
    """A file of one target with its candidate chunks, best first."""

    target: int
    path: str
    score: float
    chunks: tuple[RankedChunk, ...]


def rank(pools: Sequence[Pool], candidates: Candidates, query: Query) -> list[RankedFile]:
    """Return the files that hold candidates, best first; equal scores in order of path."""
    ranked = [
        _rank_file(pools[pool], path, chunks, query)
        for pool, path, chunks in _by_file(pools, candidates, query)
    ]
    matching = [file for file in ranked if file.score > 0]
    return sorted(matching, key=lambda file: (-file.score, file.path))


def explain(pools: Sequence[Pool], candidates: Candidates, file: RankedFile, query: Query) -> list[Part]:
    """Return what made up the score of a file that `rank` returned for these candidates."""
    best = file.chunks[0]
    segment = pools[best.pool].view.segment
    place = int(np.flatnonzero((candidates.pool == best.pool) & (candidates.row == best.row))[0])
    words, meaning = (float(part[place]) for part in _fused_parts(candidates, query))
    ledger = Ledger()
    ledger.add("words", float(candidates.words[place]), words)
    ledger.add("meaning", float(candidates.meaning[place]), meaning)
    ledger.scale("symbol", _symbol_factor(segment.strings[int(segment.chunks["symbol"][best.row])], query))
    ledger.add("further places", len(file.chunks) - 1, _pooled(file.chunks) - best.score)
    ledger.scale("path", _path_factor(file.path, query))
    ledger.scale("aside", _aside_factor(file.path, query))
    return ledger.parts()


def _by_file(
    pools: Sequence[Pool], candidates: Candidates, query: Query
) -> Iterator[tuple[int, str, list[RankedChunk]]]:
    """Yield the candidate chunks of each file: number of the pool, path, chunks."""
    scores = _fuse(candidates, query)
    for number in np.unique(candidates.pool).tolist():
        segment = pools[number].view.segment
        mine = candidates.pool == number
        rows = candidates.row[mine]
        groups: dict[int, list[RankedChunk]] = {}
        symbols = segment.chunks["symbol"][rows].tolist()
        for file_id, row, score, symbol in zip(
            segment.chunks["file"][rows].tolist(), rows.tolist(), scores[mine].tolist(), symbols, strict=True
        ):
            boost = 1.0
            if query.identifiers:
                boost = _symbol_factor(segment.strings[symbol], query)
            groups.setdefault(file_id, []).append(RankedChunk(number, row, score * boost))
        for file_id, chunks in groups.items():
            yield number, segment.paths[file_id], chunks


def _fuse(candidates: Candidates, query: Query) -> Scores:
    words, meaning = _fused_parts(candidates, query)
    fused: Scores = words + meaning
    return fused


def _fused_parts(candidates: Candidates, query: Query) -> tuple[Scores, Scores]:
    """Words scaled by the best, and meaning scaled between the worst and the best candidate."""
    if not len(candidates.row):
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    peak = float(candidates.words.max())
    words = candidates.words / peak if peak > 0 else candidates.words
    low, high = float(candidates.meaning.min()), float(candidates.meaning.max())
    meaning = (candidates.meaning - low) / (high - low) if high > low else np.zeros_like(words)
    weight = SYMBOL_MEANING_WEIGHT if query.is_symbol and peak > 0 else MEANING_WEIGHT
    return words, np.float32(weight) * meaning


def _rank_file(pool: Pool, path: str, chunks: list[RankedChunk], query: Query) -> RankedFile:
    chunks.sort(key=lambda chunk: (-chunk.score, chunk.row))
    score = _pooled(chunks) * _path_factor(path, query) * _aside_factor(path, query)
    return RankedFile(pool.target, path, score, tuple(chunks))


def _pooled(chunks: Sequence[RankedChunk]) -> float:
    """Add up a file's chunks, best first, each further one counting less."""
    return sum(chunk.score * CHUNK_DECAY**place for place, chunk in enumerate(chunks[:CHUNKS_COUNTED]))


def _aside_factor(path: str, query: Query) -> float:
    if not _ASIDE.search(path) or not _ASIDE_WORDS.isdisjoint(query.terms):
        return 1.0
    return SYMBOL_ASIDE_FACTOR if query.is_symbol else ASIDE_FACTOR


def _symbol_factor(symbol: str, query: Query) -> float:
    if not symbol or symbol.lower() not in query.identifiers:
        return 1.0
    return DEFINES_SYMBOL_FACTOR if query.is_symbol else DEFINES_MENTIONED_FACTOR


def _path_factor(path: str, query: Query) -> float:
    """Reward a file whose name is made of the query's words, and a little folders that are."""
    folder, _, name = path.rpartition("/")
    factor = 1.0 + FILE_NAME_BOOST * _share(name.rpartition(".")[0] or name, query)
    return factor + FOLDER_NAME_BOOST * _share(folder, query) if folder else factor


def _share(text: str, query: Query) -> float:
    words = _words(text)
    return len(words.intersection(query.terms)) / len(words) if words else 0.0


@lru_cache(maxsize=1 << 16)
def _words(text: str) -> frozenset[str]:
    return frozenset(analyse(text))
