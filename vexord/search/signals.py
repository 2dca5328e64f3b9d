"""The signals of the ranking: what the query and the index say of each candidate file, as rows of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import lengths_of, take_runs
from vexord.index.roles import ROLE_DTYPE, ROLES, hash_of
from vexord.index.roots import roots
from vexord.search.candidates import Pool
from vexord.search.evidence import Contest, Evidence, by_segment, evidence_of
from vexord.search.groups import Groups
from vexord.search.keywords import Scores
from vexord.search.scales import Spans
from vexord.search.words import AskedWords, NameRoots

SIGNALS = (
    "words", "meaning", "meaning_pooled", "both_pooled", "coverage", "name_words", "compound",
    "file_name_coverage", "file_name_whole", "folder_coverage", "symbol",
    "defines", "defines_asked", "holds_asked", "file_is_symbol",
    "test", "example", "document", "vendored", "platform", "old_version", "header",
    "no_code", "code_share", "depth", "size", "places",
)  # fmt: skip
"""The columns of the table, in order; the weights have one for each."""
LIKENESS = frozenset({"words", "meaning", "coverage"})
"""Those that say how like a text is to the query, and nothing of names or roles."""

_LOG_SCALE = 5.0
_DEPTH_SCALE = 5.0

_ASKED_BY = {
    role: frozenset(roots(words))
    for role, words in {
        "test": "test spec fixture mock",
        "example": "example sample demo benchmark tutorial documentation",
        "document": "documentation readme changelog license markdown",
        "vendored": "vendor generated legacy compat deprecated",
        "platform": "windows win32 macos darwin apple freebsd openbsd netbsd solaris sunos platform",
    }.items()
}
"""What a file is is not held against it if the query has one of these words. In the order of `ROLES`."""
_ROLE_BITS = np.array([1 << bit for bit in range(len(ROLES))], np.uint8)


@dataclass(frozen=True, slots=True)
class Signals:
    """All that the ranking needs to know of the candidates of some queries."""

    evidence: Evidence
    """The candidate chunks."""
    groups: Groups
    """The same by query and file."""
    spans: Spans
    """The files of each query."""
    table: Scores
    """Shape (files, len(SIGNALS))."""

    def path(self, pools: Sequence[Pool], file: int) -> str:
        """Return the path of a file."""
        first = self.groups.order[self.groups.starts[file]]
        segment = pools[int(self.evidence.pool[first])].view.segment
        return segment.paths[int(self.evidence.file_id[first])]


def signals_of(pools: Sequence[Pool], asked: Sequence[Contest]) -> Signals:
    """Work out the signals of every file that holds a candidate.

    Each query is judged by itself: the outcome is that of one call for each.
    """
    words = AskedWords.of(
        [
            (one.query.telling, dict(zip(one.found.terms, one.found.term_weights.tolist(), strict=True)))
            for one in asked
        ]
    )
    evidence = evidence_of(pools, asked, words)
    groups = Groups.of(evidence.file, evidence.score)
    query = evidence.spans.query[groups.first]
    spans = Spans.of(np.bincount(query, minlength=len(asked)))
    is_symbol = _flags([one.query.is_symbol for one in asked])
    columns = _chunk_columns(evidence, groups, spans, spans.spread(is_symbol))
    columns |= _path_columns(_Files.of(pools, evidence, groups, query), asked, words)
    columns["places"] = (np.log1p(groups.counts()) / _LOG_SCALE).astype(np.float32)
    table = np.array([columns[name] for name in SIGNALS], np.float32).T
    return Signals(evidence, groups, spans, table)


_Columns = dict[str, Scores]


def _flags(values: Sequence[bool] | Sequence[Sequence[bool]]) -> Scores:
    return np.array(values, np.float32)


_BEST = (
    "words", "meaning", "coverage", "names", "compound", "named", "defines", "defines_last", "holds_last",
)  # fmt: skip
"""Columns of the evidence of which a file has what its best chunk has."""


def _chunk_columns(evidence: Evidence, groups: Groups, spans: Spans, is_symbol: Scores) -> _Columns:
    """How well the text, the vectors and the symbols of the file's chunks answer.

    `is_symbol`: 1 for the files of a query that is one name.
    """
    columns = np.array([getattr(evidence, name) for name in _BEST], np.float32)
    best = dict(zip(_BEST, groups.best(columns), strict=True))
    both = evidence.words + np.float32(0.5) * evidence.meaning
    scaled = spans.to_best(
        np.array([groups.pooled(evidence.meaning), groups.pooled(both), best["names"], best["compound"]])
    )
    return {
        "words": best["words"],
        "meaning": best["meaning"],
        "meaning_pooled": scaled[0],
        "both_pooled": scaled[1],
        "coverage": best["coverage"],
        "name_words": scaled[2],
        "compound": scaled[3],
        "symbol": best["named"],
        "defines": best["defines"] * (1 - is_symbol),
        "defines_asked": best["defines_last"] * is_symbol,
        "holds_asked": best["holds_last"] * is_symbol,
    }


@dataclass(frozen=True, slots=True)
class _Files:
    """The candidate files of all queries."""

    query: NDArray[np.int64]
    """Of each file."""
    roles: NDArray[np.void]
    """Of `ROLE_DTYPE`."""
    chunks: NDArray[np.int64]
    """Their number in the file."""
    names: NameRoots
    """Those of each file's name, then of its folders, in turn."""

    @classmethod
    def of(
        cls, pools: Sequence[Pool], evidence: Evidence, groups: Groups, query: NDArray[np.int64]
    ) -> "_Files":
        """Read what the segments know of the files."""
        file_id, pool_of = evidence.file_id[groups.first], evidence.pool[groups.first]
        roles = np.zeros(len(query), ROLE_DTYPE)
        chunks = np.zeros(len(query), np.int64)
        names = NameRoots(np.repeat(query, 2))
        for segment, mine in by_segment(pools, pool_of):
            numbers = file_id[mine]
            roles[mine] = segment.roles[numbers]
            table = segment.files[numbers]
            chunks[mine] = table["row_end"].astype(np.int64) - table["row_start"]
            roots, offsets = take_runs(*segment.path_roots, numbers)
            of_name = roles["name_roots"][mine].astype(np.int64)
            lengths = np.stack([of_name, lengths_of(offsets) - of_name], axis=1)
            names.put(np.stack([2 * mine, 2 * mine + 1], axis=1).reshape(-1), roots, lengths.reshape(-1))
        return cls(query, roles, chunks, names)


def _path_columns(files: _Files, asked: Sequence[Contest], words: AskedWords) -> _Columns:
    """What its path and its make-up say, and how well its name and folders answer the query."""
    answers = files.names.answers(words)
    share, coverage = answers.share[::2], answers.covered[::2]
    roles, held = files.roles, _held(files.roles)
    columns = {
        "file_name_coverage": coverage,
        # A name of one weak word, `files` where files are asked about, says little.
        "file_name_whole": np.where(share == 1.0, np.sqrt(coverage), np.float32(0.0)),
        "folder_coverage": answers.covered[1::2],
        "file_is_symbol": _named(files, asked),
        "old_version": _old(files),
        "header": _bodiless(files, held[ROLES.index("header")]),
        "depth": roles["depth"] / np.float32(_DEPTH_SCALE),
        "code_share": roles["code_share"],
        "no_code": (roles["code_share"] == 0).astype(np.float32),
        "size": np.log1p(files.chunks) / np.float32(_LOG_SCALE),
    }
    heeded = _flags(
        [[asked_by.isdisjoint(texts) for texts in words.texts] for asked_by in _ASKED_BY.values()]
    )
    against = held[: len(_ASKED_BY)] * heeded[:, files.query]
    return columns | dict(zip(_ASKED_BY, against, strict=True))


def _held(roles: NDArray[np.void]) -> NDArray[np.bool_]:
    """Return which of `ROLES` each file has, shape (roles, files)."""
    bits: NDArray[np.bool_] = (roles["roles"] & _ROLE_BITS[:, None]) != 0
    return bits


def _named(files: _Files, asked: Sequence[Contest]) -> Scores:
    """Whether a file's name is the one asked for."""
    names = np.array([hash_of(one.query.last_name.replace("_", "")) for one in asked], np.uint32)[files.query]
    same: NDArray[np.bool_] = (names != 0) & (files.roles["plain_name"] == names)
    return same.astype(np.float32)


def _old(files: _Files) -> Scores:
    """Whether a folder of a newer version holds a candidate."""
    old = np.zeros(len(files.query), np.float32)
    versioned = np.flatnonzero(files.roles["version_of"])
    if len(versioned):
        roles = files.roles[versioned]
        _, of = np.unique(_keyed(files.query[versioned], roles["version_of"]), return_inverse=True)
        newest = np.zeros(int(of.max()) + 1, np.uint32)
        np.maximum.at(newest, of, roles["version"])
        old[versioned] = roles["version"] < newest[of]
    return old


def _bodiless(files: _Files, headers: NDArray[np.bool_]) -> Scores:
    """Whether a file declares what another candidate defines; `headers`: which files declare at all."""
    if not headers.any():
        return np.zeros(len(headers), np.float32)
    places = _keyed(files.query, files.roles["place"])
    found: NDArray[np.bool_] = headers & np.isin(places, places[~headers])
    return found.astype(np.float32)


def _keyed(query: NDArray[np.int64], hashes: NDArray[np.uint32]) -> NDArray[np.int64]:
    return query << 32 | hashes.astype(np.int64)
