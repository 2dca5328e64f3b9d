"""The rows that a query's operators leave: filters, words and texts that must or must not be there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vexor_protocol.errors import INVALID_PARAMS, ProtocolError

from vexord.index.terms import analyse
from vexord.search.candidates import Pool
from vexord.search.filters import Mask, MaskCache, RowFilter
from vexord.search.grep import Budget, find, holding_word
from vexord.search.syntax import Asked

MAX_CONDITIONS = 16
"""Phrases and regular expressions of one query: each is looked for in every file."""
MAX_FILTERS = 64
"""Paths, languages, kinds and unwanted words of one query; as many as the protocol takes in a list."""


@dataclass(slots=True)
class Narrowed:
    """Pools with the rows that are left, and what is to be said of them."""

    pools: list[Pool]
    partial: bool = False
    """Not everything could be looked at in the time; there may be more."""
    dropped: int = 0
    notes: list[str] = field(default_factory=list)


def narrow(pools: Sequence[Pool], roots: Sequence[str], asked: Asked, masks: MaskCache) -> Narrowed:
    """Apply the operators of a query. `roots`: the folder of each target's project.

    Raises:
        ProtocolError: INVALID_PARAMS, a bad regular expression, kind or path pattern, or too many of them.
    """
    if not asked.has_operators:
        return Narrowed(list(pools))
    if len(asked.wanted) + len(asked.unwanted) > MAX_CONDITIONS:
        raise ProtocolError(
            INVALID_PARAMS,
            f"more than {MAX_CONDITIONS} phrases and regular expressions in one query",
            "ask for fewer, or for the text as it stands: vexorctl search --text",
        )
    if asked.filter_count > MAX_FILTERS:
        raise ProtocolError(
            INVALID_PARAMS,
            f"more than {MAX_FILTERS} paths, languages, kinds and unwanted words in one query",
            "ask for fewer, or for the text as it stands: vexorctl search --text",
        )
    narrowed = Narrowed([_without_words(pool, asked) for pool in _filtered(pools, asked, masks)])
    _note_unknown_languages(narrowed, asked)
    _require_texts(narrowed, roots, asked)
    return narrowed


def _filtered(pools: Sequence[Pool], asked: Asked, masks: MaskCache) -> list[Pool]:
    if not asked.has_filters:
        return list(pools)
    wanted = RowFilter.of(asked.filters, "", asked.unwanted_filters)
    return [_with(pool, masks.mask(pool.view, wanted)) for pool in pools]


def _without_words(pool: Pool, asked: Asked) -> Pool:
    for word in asked.unwanted_words:
        terms = analyse(word)
        if terms:  # the last one is the whole word
            pool = _with(pool, ~holding_word(pool, (frozenset(terms[-1:]),)))
    return pool


def _require_texts(narrowed: Narrowed, roots: Sequence[str], asked: Asked) -> None:
    """Look for the wanted texts together, so that a file is read once, and for each unwanted one alone."""
    budget = Budget()
    root_of = [roots[pool.target] for pool in narrowed.pools]
    for conditions, keep in ((asked.wanted, True), *(([condition], False) for condition in asked.unwanted)):
        if conditions:
            found = find(narrowed.pools, root_of, conditions, budget)
            masks = found.masks if keep else [~mask for mask in found.masks]
            narrowed.pools = [_with(pool, mask) for pool, mask in zip(narrowed.pools, masks, strict=True)]
            narrowed.partial |= found.partial
            narrowed.dropped += found.dropped


def _with(pool: Pool, mask: Mask | None) -> Pool:
    if mask is None:
        return pool
    return replace(pool, mask=mask if pool.mask is None else mask & pool.mask)


def _note_unknown_languages(narrowed: Narrowed, asked: Asked) -> None:
    known = {name for pool in narrowed.pools for name in pool.view.segment.languages} - {"binary"}
    unknown = [name for name in asked.filters.languages if name not in known]
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        narrowed.notes.append(f"no file here is in {' or '.join(unknown)}; the languages here are: {there}")
