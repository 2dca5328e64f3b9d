"""The signals of the ranking: what the query and the index say of each candidate file, as rows of numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vexord.search.candidates import Candidates, Pool
from vexord.search.evidence import Evidence, evidence_of
from vexord.search.facts import SegmentFacts
from vexord.search.groups import Groups
from vexord.search.keywords import Scores
from vexord.search.paths import PathFacts, path_facts
from vexord.search.query import Query
from vexord.search.scales import to_best
from vexord.search.words import AskedWords, roots

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

_ASKS_TEST = "test spec fixture mock"
_ASKS_EXAMPLE = "example sample demo benchmark tutorial documentation"
_ASKS_DOCUMENT = "documentation readme changelog license markdown"
_ASKS_VENDORED = "vendor generated legacy compat deprecated"
_ASKS_PLATFORM = "windows win32 macos darwin apple freebsd openbsd netbsd solaris sunos platform"


@dataclass(frozen=True, slots=True)
class Signals:
    """All that the ranking needs to know of the candidates of one query."""

    groups: Groups
    """The candidate chunks by file."""
    chunk_scores: Scores
    """Of single chunks, 0 and more."""
    paths: list[str]
    """Of each file."""
    table: Scores
    """Shape (files, len(SIGNALS))."""


def signals_of(pools: Sequence[Pool], found: Candidates, query: Query, facts: SegmentFacts) -> Signals:
    """Work out the signals of every file that holds a candidate; at least one candidate is needed."""
    asked = AskedWords(query.telling, dict(zip(found.terms, found.term_weights.tolist(), strict=True)))
    evidence = evidence_of(pools, found, query, asked, facts)
    groups = Groups.of(evidence.file, evidence.score)
    pool_of = found.pool[groups.first].tolist()
    file_of = evidence.file_id[groups.first].tolist()
    paths = [pools[pool].view.segment.paths[file] for pool, file in zip(pool_of, file_of, strict=True)]
    columns = _text_columns(found, evidence, groups)
    columns |= _symbol_columns(found, evidence, groups, query)
    columns |= _path_columns(paths, query, asked)
    columns |= _shape_columns(pools, pool_of, file_of, groups, facts)
    table = np.stack([columns[name] for name in SIGNALS], axis=1).astype(np.float32)
    return Signals(groups, evidence.score, paths, table)


_Columns = dict[str, Scores]


def _text_columns(found: Candidates, evidence: Evidence, groups: Groups) -> _Columns:
    """How well text and vectors of the file's chunks answer."""
    both = evidence.words + np.float32(0.5) * evidence.meaning
    return {
        "words": groups.best(evidence.words),
        "meaning": groups.best(evidence.meaning),
        "meaning_pooled": to_best(groups.pooled(evidence.meaning)),
        "both_pooled": to_best(groups.pooled(both)),
        "coverage": groups.best(evidence.coverage),
        "name_words": to_best(groups.best(found.names)),
        "compound": to_best(groups.best(found.compound)),
    }


def _symbol_columns(found: Candidates, evidence: Evidence, groups: Groups, query: Query) -> _Columns:
    """What the file defines."""
    defines = groups.best(found.defines.astype(np.float32))
    is_symbol = np.float32(query.is_symbol)
    return {
        "symbol": groups.best(evidence.named),
        "defines": defines * (1 - is_symbol),
        "defines_asked": groups.best(found.defines_last.astype(np.float32)) * is_symbol,
        "holds_asked": groups.best(found.holds_last.astype(np.float32)) * is_symbol,
    }


def _path_columns(paths: Sequence[str], query: Query, asked: AskedWords) -> _Columns:
    """What its path says, and how well its name and folders answer the query."""
    told = [path_facts(path) for path in paths]
    newest: dict[str, int] = {}
    for fact in told:
        for stem, number in fact.versions:
            newest[stem] = max(number, newest.get(stem, 0))

    bodies = {fact.place for fact in told if not fact.header}

    def flag(value: Callable[[PathFacts], bool], asked_by: str) -> Scores:
        if not set(roots(asked_by)).isdisjoint(asked.roots):
            return np.zeros(len(told), np.float32)
        return np.array([value(fact) for fact in told], np.float32)

    name_share, name_coverage = _answers([fact.name_roots for fact in told], asked)
    _, folder_coverage = _answers([fact.folder_roots for fact in told], asked)
    return {
        "file_name_coverage": name_coverage,
        # A name of one weak word, `files` where files are asked about, says little.
        "file_name_whole": np.where(name_share == 1.0, np.sqrt(name_coverage), np.float32(0.0)),
        "folder_coverage": folder_coverage,
        "file_is_symbol": np.array(
            [bool(query.last_name) and fact.plain_name == query.last_name.replace("_", "") for fact in told],
            np.float32,
        ),
        "test": flag(lambda fact: fact.test, _ASKS_TEST),
        "example": flag(lambda fact: fact.example, _ASKS_EXAMPLE),
        "document": flag(lambda fact: fact.document, _ASKS_DOCUMENT),
        "vendored": flag(lambda fact: fact.vendored, _ASKS_VENDORED),
        "platform": flag(lambda fact: fact.platform, _ASKS_PLATFORM),
        "old_version": np.array([_is_old(fact, newest) for fact in told], np.float32),
        "header": np.array([fact.header and fact.place in bodies for fact in told], np.float32),
        "depth": np.array([fact.depth for fact in told], np.float32),
    }


def _shape_columns(
    pools: Sequence[Pool],
    pool_of: Sequence[int],
    file_of: Sequence[int],
    groups: Groups,
    facts: SegmentFacts,
) -> _Columns:
    """What the file is made of."""
    made_of = [facts.shapes(pool.view.segment) for pool in pools]
    places = list(zip(pool_of, file_of, strict=True))
    code = np.array([made_of[pool].code_share[file] for pool, file in places], np.float32)
    chunks = np.array([made_of[pool].chunks[file] for pool, file in places], np.float32)
    return {
        "code_share": code,
        "no_code": (code == 0).astype(np.float32),
        "size": np.log1p(chunks) / np.float32(_LOG_SCALE),
        "places": (np.log1p(groups.counts()) / _LOG_SCALE).astype(np.float32),
    }


def _answers(names: Sequence[tuple[str, ...]], asked: AskedWords) -> tuple[Scores, Scores]:
    """Return the share of each name that answers, and the share of the query's weight that it answers."""
    found = [asked.answer(name) for name in names]
    shares = np.array([share for _, share in found], np.float32)
    return shares, np.array([asked.covered(bits) for bits, _ in found], np.float32)


def _is_old(fact: PathFacts, newest: Mapping[str, int]) -> bool:
    return any(number < newest[stem] for stem, number in fact.versions)
