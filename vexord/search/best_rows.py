"""The best rows of a weighted sum of postings, found without adding up what cannot matter.

MaxScore (Turtle and Flood 1995) on arrays: rare terms are added up over all their rows; as soon as the common
ones together will not lift a row without a rare one among the best, they are looked up only where it matters.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.postings import IMPACT_STEP
from vexord.search.keywords import Match, Scores, steps_at

Rows = NDArray[np.uint32]
_CHECK_SHARE = 0.2
"""To look whether the rest matters costs a pass over all rows: not for a rest that is much shorter."""
TYPICAL = 0.6
"""A row that has none of the rare terms has, of all common ones together, hardly ever more than this share of
what is possible: it would be short and made of nothing but them. As the bound, it leaves out such rows."""
_FEW_ALLOWED = 32
"""If filters leave less than one row in so many, sums are made for just those."""
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Weighted:
    """Postings of one term in one field of a segment, with the weight that the query gives them."""

    rows: Rows
    """Ascending."""
    impacts: NDArray[np.uint8]
    """In `IMPACT_STEP`s."""
    weight: float

    @property
    def bound(self) -> float:
        """What a row can have of it at most."""
        return self.weight * IMPACT_STEP * int(self.impacts.max())


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows at most, and what they must have."""

    count: int
    least_share: float
    """A row with less than this share of the best sum is no answer: it has a weak word or part of a name."""

    def least(self, values: Scores) -> float:
        """Return what a row must have to be among the best, if these are the sums that there are."""
        floor = self.least_share * float(values.max(initial=0.0))
        values = values[values >= floor]
        if len(values) < self.count:
            return floor
        return float(np.partition(values, len(values) - self.count)[-self.count])

    def best(self, rows: Rows, values: Scores) -> NDArray[np.int64]:
        """Return the best of some rows."""
        enough = (values >= self.least_share * values.max(initial=0.0)) & (values > 0)
        rows, values = rows[enough], values[enough]
        if len(rows) > self.count:
            rows = rows[np.argpartition(values, len(values) - self.count)[-self.count :]]
        return rows.astype(np.int64)


def weighted(matches: Sequence[Match], pool: int, factor: float = 1.0) -> list[Weighted]:
    """Return the postings of the matches in one pool."""
    found = ((match, match.found[pool]) for match in matches)
    return [Weighted(*postings, factor * match.idf) for match, postings in found if postings is not None]


def best_rows(
    postings: Sequence[Weighted], wanted: Wanted, row_count: int, allowed: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    """Return the rows of the highest sums above 0, in no order.

    `allowed`: mask over the rows, shape (row_count,), None = all.
    """
    if not postings:
        return np.zeros(0, np.int64)
    if allowed is not None and np.count_nonzero(allowed) * _FEW_ALLOWED < row_count:
        rows = np.flatnonzero(allowed).astype(np.uint32)
        values = np.zeros(len(rows), np.float32)
        for one in postings:
            values += values_at(one, rows)
        return wanted.best(rows, values)
    ordered = sorted(postings, key=lambda one: len(one.rows))
    with _Sums(row_count) as sums:
        return _MaxScore(ordered, wanted, sums, allowed).run()


def values_at(one: Weighted, rows: Rows) -> Scores:
    """Return what each row has of one term, shape (rows,); 0 where it is not. `rows` must be uint32."""
    values: Scores = steps_at((one.rows, one.impacts), rows).astype(np.float32)
    values *= np.float32(one.weight * IMPACT_STEP)
    return values


class _Sums:
    """One float for every row of a segment, all 0 on entry; a thread has its own and clears what it used."""

    _of_thread = threading.local()

    def __init__(self, row_count: int) -> None:
        held: Scores | None = getattr(self._of_thread, "sums", None)
        if held is None or len(held) < row_count:
            held = self._of_thread.sums = np.zeros(row_count, np.float32)
        self.values = held[:row_count]
        self._used: list[NDArray[np.intp]] = []

    def add(self, one: Weighted) -> None:
        """Add a term to the rows that have it."""
        rows = one.rows.astype(np.intp)  # with other indices `add.at` takes three times as long
        self._used.append(rows)
        np.add.at(self.values, rows, one.impacts * np.float32(one.weight * IMPACT_STEP))

    def __enter__(self) -> "_Sums":
        return self

    def __exit__(self, *_: object) -> None:
        if sum(map(len, self._used)) * 2 > len(self.values):
            self.values[:] = 0.0
            return
        for rows in self._used:
            self.values[rows] = 0.0


class _MaxScore:
    def __init__(
        self, ordered: Sequence[Weighted], wanted: Wanted, sums: _Sums, allowed: NDArray[np.bool_] | None
    ) -> None:
        self._ordered = ordered
        self._wanted = wanted
        self._sums = sums
        self._allowed = allowed
        bounds = [one.bound for one in ordered]
        self._rest = [sum(bounds[place:]) for place in range(len(bounds) + 1)]
        """What a row can have at most of the postings from each place on."""
        lengths = [len(one.rows) for one in ordered]
        self._left = [sum(lengths[place:]) for place in range(len(lengths))]

    def run(self) -> NDArray[np.int64]:
        enough = _CHECK_SHARE * len(self._sums.values)
        for place, one in enumerate(self._ordered):
            rest = TYPICAL * self._rest[place]
            hopeful = rest < self._rest[0] - self._rest[place]
            if hopeful and self._left[place] > enough:
                values = self._values()
                least = self._wanted.least(values)
                if rest < least:
                    rows = np.flatnonzero(values >= least - rest).astype(np.uint32)
                    return self._complete(rows, values[rows], place)
            self._sums.add(one)
        values = self._values()
        rows = np.flatnonzero(values >= max(self._wanted.least(values), _TINY)).astype(np.uint32)
        return self._wanted.best(rows, values[rows])

    def _values(self) -> Scores:
        return self._sums.values if self._allowed is None else self._sums.values * self._allowed

    def _complete(self, rows: Rows, values: Scores, place: int) -> NDArray[np.int64]:
        """Add what is left where a row may still be among the best, the most telling postings first."""
        left = self._rest[place]
        for one in sorted(self._ordered[place:], key=lambda one: -one.bound):
            keep = values + np.float32(TYPICAL * left) >= self._wanted.least(values)
            rows, values = rows[keep], values[keep]
            values = values + values_at(one, rows)
            left -= one.bound
        return self._wanted.best(rows, values)
