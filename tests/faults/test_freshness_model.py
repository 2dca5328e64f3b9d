"""A short run of the model of freshness; for a long one: `python -m tests.soak freshness`."""

import pytest

from tests.soak.freshness import run
from tests.soak.record import Options


@pytest.mark.parametrize("seed", [1, 2])
def test_every_fresh_answer_is_what_a_plain_reading_says(seed: int) -> None:
    result = run(Options(seconds=7, seed=seed))
    assert result.differences == []
    assert result.counts["steps"] > 30, result.counts
