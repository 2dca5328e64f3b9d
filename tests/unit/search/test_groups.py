"""Groups agree with the plain way of saying it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.search.groups import COUNTED, DECAY, Groups

CHUNKS = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 8, width=32)), min_size=1, max_size=40)


@given(CHUNKS)
def test_best_and_pooled_are_those_of_each_file(chunks: list[tuple[int, float]]) -> None:
    key = np.array([file for file, _ in chunks], np.int64)
    scores = np.array([score for _, score in chunks], np.float32)
    groups = Groups.of(key, scores)
    files = sorted({file for file, _ in chunks})
    assert key[groups.first].tolist() == files
    for place, file in enumerate(files):
        mine = sorted((score for of, score in chunks if of == file), reverse=True)
        assert scores[groups.chunks(place)].tolist() == mine
        assert groups.best(scores)[place] == mine[0]
        assert groups.counts()[place] == len(mine)
        pooled = sum(score * DECAY**rank for rank, score in enumerate(mine[:COUNTED]))
        assert groups.pooled(scores)[place] == pytest.approx(pooled, rel=1e-5)
