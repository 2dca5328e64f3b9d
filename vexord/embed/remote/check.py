"""Which rows of an answer may be believed."""

import numpy as np
from numpy.typing import NDArray

from vexord.embed.remote.seam import Answer, BadAnswer


def sound(answer: Answer, asked: int, dimensions: int) -> tuple[list[int], NDArray[np.float32]]:
    """Return the places that were answered, ascending, and their rows, shape (len(places), dimensions).

    A place is left out if it is missing, its row holds zeros only or something that is no finite number, or
    two rows that differ claim it. `asked` is the number of texts of the request.

    Raises:
        BadAnswer: nothing can be told from it: vectors of another length, a number of a text that was not
            asked, fewer or more vectors than texts and no numbers to tell them by, or no sound row at all.
    """
    rows, places = answer.rows, answer.places
    if places is None:
        if len(rows) != asked:
            raise BadAnswer(f"{len(rows)} vectors came for {asked} texts, without numbers")
        places = range(asked)
    if len(places) != len(rows) or not all(0 <= place < asked for place in places):
        raise BadAnswer("the answer numbers texts that were not asked")
    lengths = {len(row) for row in rows}
    if lengths - {dimensions}:
        wrong = max(lengths - {dimensions})
        raise BadAnswer(f"the vectors have {wrong} dimensions, not {dimensions}; set `dimensions` to {wrong}")
    if not rows:
        raise BadAnswer("the answer holds no vector")
    table = np.stack(rows).astype(np.float32, copy=False)
    usable = set(np.flatnonzero(np.isfinite(table).all(axis=1) & table.any(axis=1)).tolist())
    claimed: dict[int, int] = {}
    doubtful: set[int] = set()
    for number, place in enumerate(places):
        first = claimed.setdefault(place, number)
        if first != number and not np.array_equal(table[first], table[number]):
            doubtful.add(place)
    answered = sorted(place for place, row in claimed.items() if row in usable and place not in doubtful)
    if not answered:
        raise BadAnswer("no vector of the answer can be used")
    return answered, table[[claimed[place] for place in answered]]
