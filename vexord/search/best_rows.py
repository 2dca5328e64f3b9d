"""The best rows of a weighted sum of postings, found without adding up what cannot matter.

MaxScore (Turtle and Flood 1995) on arrays: rare terms are added up over all their rows; as soon as the common
ones together will not lift a row without a rare one among the best, they are looked up only where it matters.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.columns import distinct
from vexord.index.postings import IMPACT_STEP
from vexord.search.keywords import SEARCHED, Match, Scores, gathered, steps_at
from vexord.search.numbering import Numbering, Part, Rows
from vexord.search.scratch import Scratch

TYPICAL = 0.6
"""A row that has none of the rare terms has, of all common ones together, hardly ever more than this share of
what is possible: it would be short and made of nothing but them. As the bound, it leaves out such rows."""
_FEW_ALLOWED = 32
"""If filters leave less than one row in so many, sums are made for just those."""
_SPARSE = 32
"""Where less than one row in so many is touched, those are sorted out; else all are looked through."""
_ALL = 1 << 18
"""So many postings are added up without a look: a third of a millisecond."""
_FIRST = 1 << 14
"""Postings of rare terms that are added up before the first look whether the rest matters."""
_WORTH = 4
"""The rest is so many times longer if it pays to find out how good the best are."""
_SHORT, _PART = 4_096, 1 << 15
"""Postings of a term that is added with others, and of a part of a longer one."""
_GROUPS = 4_096
_TINY = 1e-6
_ROUNDING = 1e-5
"""Of a sum, what it may differ by if it is added up in another order."""

Masks = Sequence[NDArray[np.bool_] | None]
"""For each segment the rows that filters leave, shape (rows,); None leaves all."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A term in one field, with the weight that counts here."""

    match: Match
    weight: float

    def bound(self) -> float:
        """Return what a row can have of it at most; nothing of a term that only names hold."""
        most = max((int(piece.impacts.max()) for piece in self.match.pieces), default=0)
        return self.weight * IMPACT_STEP * most


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows at most, and what they must have."""

    count: int
    least_share: float
    """A row with less than this share of the best sum is no answer: it has a weak word or part of a name."""

    def least(self, values: Scores) -> float:
        """Return what a row must have to be among the best, if these are the sums that there are."""
        least = self.least_share * float(values.max(initial=0.0))
        if len(values) >= self.count:
            least = max(least, float(np.partition(values, len(values) - self.count)[-self.count]))
        return least * (1 - _ROUNDING)

    def best(self, rows: Rows, values: Scores) -> Rows:
        """Return the best of some rows."""
        enough = values >= max(self.least_share * float(values.max(initial=0.0)), _TINY)
        rows, values = rows[enough], values[enough]
        if len(rows) > self.count:
            rows = rows[np.argpartition(values, len(values) - self.count)[-self.count :]]
        return rows


def weighted(matches: Sequence[Match], factor: float = 1.0) -> list[Weighted]:
    """Return the matches with their weights times a factor."""
    return [Weighted(match, factor * match.idf) for match in matches]


def best_rows(terms: Sequence[Weighted], wanted: Wanted, numbering: Numbering, masks: Masks) -> Rows:
    """Return the numbers of the rows with the highest sums above 0, in no order."""
    if not terms:
        return np.zeros(0, np.int64)
    rows = _few_allowed(numbering, masks)
    if rows is not None:
        parts, values = numbering.split(rows), np.zeros(len(rows), np.float32)
        for one in terms:
            values += values_at(one, parts, len(rows))
        return wanted.best(rows, values)
    ordered = sorted(terms, key=lambda one: one.match.frequency)
    with Scratch(numbering.total) as scratch:
        return _MaxScore(ordered, wanted, _Sums(scratch, numbering, masks)).run()


def values_at(one: Weighted, parts: Sequence[Part], count: int) -> Scores:
    """Return what each of some rows has of one term, shape (count,); 0 where it is not.

    `parts`: the ascending numbers of the rows as `Numbering.split` returns them.
    """
    values: Scores = steps_at(one.match, parts, count).astype(np.float32)
    values *= np.float32(one.weight * IMPACT_STEP)
    return values


def _few_allowed(numbering: Numbering, masks: Masks) -> Rows | None:
    """Return the rows that the masks leave if these are few."""
    held = [mask for mask in masks if mask is not None]
    if len(held) < len(masks):
        return None
    if sum(np.count_nonzero(mask) for mask in held) * _FEW_ALLOWED >= numbering.total:
        return None
    return np.flatnonzero(np.concatenate(held))


class _Sums:
    """The sum of every row so far."""

    def __init__(self, scratch: Scratch, numbering: Numbering, masks: Masks) -> None:
        self.numbering = numbering
        self._scratch = scratch
        self._masks = masks
        self._sums = scratch.lent(_NO_ROWS)
        self._touched: list[Rows] | None = []
        """Rows with a sum, with repetitions; None once they are too many to be sorted out."""
        self._left = len(self._sums) // _SPARSE

    def add(self, terms: Sequence[Weighted]) -> None:
        """Add terms to the rows that have them."""
        self._left -= sum(one.match.frequency for one in terms)
        if self._touched is not None and self._left < 0:
            self._touched = None
            self._scratch.lent(None)
        short = [one for one in terms if self._touched is not None or one.match.frequency < _SHORT]
        rows, steps = gathered([one.match for one in short], self.numbering)
        if self._touched is not None:
            self._touched.append(rows)
            self._scratch.lent(rows)
        weights = np.array([one.weight * IMPACT_STEP for one in short], np.float32)
        values = np.repeat(weights, [one.match.frequency for one in short])
        values *= steps
        np.add.at(self._sums, rows, values)
        if len(short) < len(terms):
            for one in terms:
                if one.match.frequency >= _SHORT:
                    self._add_long(one)

    def _add_long(self, one: Weighted) -> None:
        """Add a term part by part, so that what is worked out between stays in the processor's cache."""
        weight = np.float32(one.weight * IMPACT_STEP)
        for piece in one.match.pieces:
            sums = self._sums[int(self.numbering.starts[piece.segment]) :]
            for start in range(0, len(piece.rows), _PART):
                part = slice(start, start + _PART)
                # With other indices than of `intp` this takes three times as long.
                np.add.at(sums, piece.rows[part].astype(np.intp), piece.impacts[part] * weight)

    def found(self, wanted: Wanted, least: float, open_share: float = 0.0) -> tuple[Rows, Scores]:
        """Return rows, ascending, and their sums: all that may be among the best if none gains more than
        `open_share`, and the best have at least `least`.
        """
        sums = self._sums
        if self._touched is not None:
            rows = np.concatenate(self._touched)
            rows = distinct(rows[sums[rows] >= max(least - open_share, _TINY)])
            rows = rows[self.numbering.allowed(rows, self._masks)]
        else:
            for start, mask in zip(self.numbering.starts.tolist(), self._masks, strict=False):
                if mask is not None:
                    sums[start : start + len(mask)] *= mask
            least = max(least, wanted.least(_of_groups(sums)))
            rows = np.flatnonzero(sums >= max(least - open_share, _TINY))
        return rows, sums[rows]

    def share_of(self, one: Weighted, rows: Rows) -> Scores:
        """Return what each row has of one more term; the sums may take it in."""
        if len(rows) * SEARCHED < one.match.frequency:
            return values_at(one, self.numbering.split(rows), len(rows))
        before = self._sums[rows]
        self.add([one])
        return self._sums[rows] - before


_NO_ROWS = np.zeros(0, np.int64)


def _of_groups(sums: Scores) -> Scores:
    """Return the highest sum of each group of rows: the best of all are no worse than the best of these."""
    whole = len(sums) - len(sums) % _GROUPS
    highest = sums[:whole].reshape(-1, _GROUPS).max(axis=0, initial=0.0)
    return np.append(highest, sums[whole:].max(initial=0.0))


class _MaxScore:
    def __init__(self, ordered: Sequence[Weighted], wanted: Wanted, sums: _Sums) -> None:
        self._ordered = ordered
        self._wanted = wanted
        self._sums = sums
        self._counts = np.cumsum([0, *(one.match.frequency for one in ordered)]).tolist()

    def run(self) -> Rows:
        if self._counts[-1] <= min(_ALL, _WORTH * self._sums.numbering.total):
            self._sums.add(self._ordered)
            return self._wanted.best(*self._sums.found(self._wanted, 0.0))
        bounds = [one.bound() for one in self._ordered]
        open_share = [TYPICAL * sum(bounds[place:]) for place in range(len(bounds) + 1)]
        first = max(1, bisect_right(self._counts, _FIRST) - 1)
        self._sums.add(self._ordered[:first])
        least = self._completed(*self._sums.found(self._wanted, 0.0, open_share[first]), first)
        enough = next(place for place, share in enumerate(open_share) if place >= first and share <= least)
        if first < enough:
            self._sums.add(self._ordered[first:enough])
        rows, values = self._sums.found(self._wanted, least, open_share[enough])
        return self._complete(rows, values, bounds, enough, least)

    def _completed(self, rows: Rows, values: Scores, place: int) -> float:
        """Return what the best have at least: those that are ahead now are added up to the end."""
        if len(rows) > self._wanted.count:
            ahead = np.sort(np.argpartition(values, len(values) - self._wanted.count)[-self._wanted.count :])
            rows, values = rows[ahead], values[ahead]
        parts = self._sums.numbering.split(rows)
        for one in self._ordered[place:]:
            values = values + values_at(one, parts, len(rows))
        return self._wanted.least(values)

    def _complete(
        self, rows: Rows, values: Scores, bounds: Sequence[float], place: int, least: float
    ) -> Rows:
        """Add what is left where a row may still be among the best, the most telling terms first."""
        left = sum(bounds[place:])
        for number in sorted(range(place, len(bounds)), key=lambda number: -bounds[number]):
            values = values + self._sums.share_of(self._ordered[number], rows)
            left -= bounds[number]
            least = max(least, self._wanted.least(values))
            keep = values + np.float32(TYPICAL * left) >= least
            rows, values = rows[keep], values[keep]
        return self._wanted.best(rows, values)
