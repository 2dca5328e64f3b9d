"""The best rows of a weighted sum of postings, found without adding up what cannot matter.

MaxScore (Turtle and Flood 1995) on arrays: rare terms are added up over all their rows; as soon as the common
ones together will not lift a row without a rare one among the best, they are looked up only where it matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.postings import IMPACT_STEP
from vexord.search.keywords import MAX_GATHERED, Match, Scores, gathered, steps_at
from vexord.search.numbering import Numbering, Rows
from vexord.search.scratch import Scratch

TYPICAL = 0.6
"""A row that has none of the rare terms has, of all common ones together, hardly ever more than this share of
what is possible: it would be short and made of nothing but them. As the bound, it leaves out such rows."""
_FEW_ALLOWED = 32
"""If filters leave less than one row in so many, sums are made for just those."""
_SPARSE = 8
"""Where less than one row in so many is touched, those are sorted out; else all are looked through."""
_SEARCHED = 16
"""To search a list for one row costs as much as to add up so many of its rows."""
_TINY = 1e-6

Masks = Sequence[NDArray[np.bool_] | None]
"""For each segment the rows that filters leave, shape (rows,); None leaves all."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A term in one field, with the weight that counts here."""

    match: Match
    weight: float

    def bound(self) -> float:
        """Return what a row can have of it at most."""
        return self.weight * IMPACT_STEP * max(int(piece.found[1].max()) for piece in self.match.pieces)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows at most, and what they must have."""

    count: int
    least_share: float
    """A row with less than this share of the best sum is no answer: it has a weak word or part of a name."""

    def least(self, values: Scores) -> float:
        """Return what a row must have to be among the best, if these are the sums that there are."""
        floor = self.least_share * float(values.max(initial=0.0))
        if len(values) < self.count:
            return floor
        return max(floor, float(np.partition(values, len(values) - self.count)[-self.count]))

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
        values = np.zeros(len(rows), np.float32)
        for one in terms:
            values += values_at(one, rows, numbering)
        return wanted.best(rows, values)
    ordered = sorted(terms, key=lambda one: one.match.count)
    with Scratch(numbering.total) as scratch:
        return _MaxScore(ordered, wanted, _Sums(scratch, numbering, masks)).run()


def values_at(one: Weighted, rows: Rows, numbering: Numbering) -> Scores:
    """Return what each row, ascending numbers, has of one term, shape (rows,); 0 where it is not."""
    values: Scores = steps_at(one.match, rows, numbering).astype(np.float32)
    values *= np.float32(one.weight * IMPACT_STEP)
    return values


def _few_allowed(numbering: Numbering, masks: Masks) -> Rows | None:
    """Return the rows that the masks leave if these are few."""
    if any(mask is None for mask in masks):
        return None
    left = [np.flatnonzero(mask) for mask in masks if mask is not None]
    if sum(map(len, left)) * _FEW_ALLOWED >= numbering.total:
        return None
    return np.concatenate([rows + start for rows, start in zip(left, numbering.starts, strict=False)])


class _Sums:
    """The sum of every row so far."""

    def __init__(self, scratch: Scratch, numbering: Numbering, masks: Masks) -> None:
        self.numbering = numbering
        self._scratch = scratch
        self._masks = masks
        self._touched: list[Rows] = []

    def add(self, terms: Sequence[Weighted]) -> None:
        """Add terms to the rows that have them."""
        rows, steps = gathered([one.match for one in terms], self.numbering)
        weights = np.array([one.weight * IMPACT_STEP for one in terms], np.float32)
        values = np.repeat(weights, [one.match.count for one in terms])
        values *= steps
        self._touched.append(rows)
        np.add.at(self._scratch.lent(rows), rows, values)

    def found(self) -> tuple[Rows, Scores]:
        """Return the rows with a sum, ascending, and their sums."""
        sums = self._scratch.lent(_NO_ROWS)
        if sum(map(len, self._touched)) * _SPARSE < len(sums):
            rows = np.sort(np.concatenate(self._touched))
            rows = rows[np.flatnonzero(np.diff(rows, prepend=-1))]
        else:
            rows = np.flatnonzero(sums)
        if any(mask is not None for mask in self._masks):
            rows = rows[self.numbering.allowed(rows, self._masks)]
        return rows, sums[rows]


_NO_ROWS = np.zeros(0, np.int64)


class _MaxScore:
    def __init__(self, ordered: Sequence[Weighted], wanted: Wanted, sums: _Sums) -> None:
        self._ordered = ordered
        self._wanted = wanted
        self._sums = sums
        self._counts = np.cumsum([0, *(one.match.count for one in ordered)])

    def run(self) -> Rows:
        end = self._next(0)
        self._sums.add(self._ordered[:end])
        if end == len(self._ordered):
            return self._wanted.best(*self._sums.found())
        bounds = [one.bound() for one in self._ordered]
        rest = np.cumsum([0.0, *bounds[::-1]])[::-1]
        while end < len(self._ordered):
            open_share = TYPICAL * float(rest[end])
            if open_share < float(rest[0] - rest[end]):  # else hardly any row is sure to be among the best
                rows, values = self._sums.found()
                least = self._least(rows, values, end)
                if open_share < least:
                    keep = values >= least - open_share
                    return self._complete(rows[keep], values[keep], bounds, end, least)
            start, end = end, self._next(end)
            self._sums.add(self._ordered[start:end])
        return self._wanted.best(*self._sums.found())

    def _next(self, place: int) -> int:
        """Return up to where to add before looking whether the rest matters, which costs about as much."""
        limit = self._counts[place] + max(MAX_GATHERED, self._counts[place])
        return max(place + 1, int(np.searchsorted(self._counts, limit, "right")) - 1)

    def _least(self, rows: Rows, values: Scores, place: int) -> float:
        """Return what the best have at least: those that are ahead now are added up to the end."""
        if len(rows) > self._wanted.count:
            ahead = np.sort(np.argpartition(values, len(values) - self._wanted.count)[-self._wanted.count :])
            rows, values = rows[ahead], values[ahead]
        for one in self._ordered[place:]:
            values = values + values_at(one, rows, self._sums.numbering)
        return self._wanted.least(values)

    def _complete(
        self, rows: Rows, values: Scores, bounds: Sequence[float], place: int, least: float
    ) -> Rows:
        """Add what is left where a row may still be among the best, the most telling terms first."""
        left = sum(bounds[place:])
        for number in sorted(range(place, len(bounds)), key=lambda number: -bounds[number]):
            least = max(least, self._wanted.least(values))
            keep = values + np.float32(TYPICAL * left) >= least
            rows, values = rows[keep], values[keep]
            values = values + values_at(self._ordered[number], rows, self._sums.numbering)
            left -= bounds[number]
        return self._wanted.best(rows, values)
