"""A symbol that does not exist here is looked up under the names nearest to it, and the answer says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from vexor_protocol.messages import Correction

from vexord.index.terms import analyse, whole_name
from vexord.search.candidates import Pool
from vexord.search.names import NameCache
from vexord.search.query import IDENTIFIER, Query, parse_query

MAX_NAMES = 3
"""Names that are equally near are all looked up, up to so many."""
MAX_WORDS = 16
"""A symbol of more parts is none: each would be compared with all names."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """A query with names that exist, and what was put for what."""

    query: Query
    corrections: tuple[Correction, ...] = ()


def correct(query: Query, pools: Sequence[Pool], names: NameCache) -> Corrected:
    """Replace each name of a symbol query that occurs nowhere; any other query is returned as it is.

    `pools`: where names are looked for; they count as existing wherever a live row has them.
    """
    written = dict.fromkeys(IDENTIFIER.findall(query.text)) if query.is_symbol else {}
    if not written or len(written) > MAX_WORDS:
        return Corrected(query)
    corrections = tuple(
        Correction(written=word, names=near)
        for word in written
        if not _exists(word, pools) and (near := _nearest(word, pools, names))
    )
    if not corrections:
        return Corrected(query)
    instead = {correction.written: " ".join(correction.names) for correction in corrections}
    text = IDENTIFIER.sub(lambda word: instead.get(word[0], word[0]), query.text)
    words = frozenset(map(whole_name, IDENTIFIER.findall(text)))
    return Corrected(replace(parse_query(text), is_symbol=True, identifiers=words), corrections)


def correction_note(correction: Correction) -> str:
    """Return what a person is told."""
    return (
        f'nothing is called "{correction.written}" here; these hits are for {" and ".join(correction.names)}'
    )


def _exists(word: str, pools: Sequence[Pool]) -> bool:
    """Whether any live row has the word in its text or its name; filters do not matter."""
    terms = analyse(word)
    return not terms or any(_has_term(pool, terms[-1]) for pool in pools)


def _has_term(pool: Pool, term: str) -> bool:
    view = pool.view
    for postings in (view.segment.postings, view.segment.name_postings):
        match = postings.lookup(term)
        if match is not None and (view.live is None or bool(view.live[match[0]].any())):
            return True
    return False


def _nearest(word: str, pools: Sequence[Pool], names: NameCache) -> list[str]:
    """Return the nearest names that a row left by the filters defines; the likeliest first."""
    costs: dict[str, float] = {}
    for pool in pools:
        for near in names.near(pool.view.segment, word):
            if near.cost < costs.get(near.name, np.inf) and _defines(pool, near.symbol):
                costs[near.name] = near.cost
    least = min(costs.values(), default=0.0)
    nearest = [name for name, cost in costs.items() if cost == least]
    return sorted(nearest, key=lambda name: (abs(len(name) - len(word)), name))[:MAX_NAMES]


def _defines(pool: Pool, symbol: int) -> bool:
    defined = pool.view.segment.chunks["symbol"] == symbol
    return bool(defined.any() if pool.mask is None else (defined & pool.mask).any())
