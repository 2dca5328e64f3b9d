"""A short run of the model of freshness; for a long one: `python -m tests.soak freshness`."""

import random

import pytest

from tests.soak.freshness import live
from tests.soak.lab import laboratory


@pytest.mark.parametrize("seed", [1, 2])
def test_every_fresh_answer_is_what_a_plain_reading_says(seed: int) -> None:
    chance = random.Random(seed)
    with laboratory() as lab:
        for _ in range(2):
            start, numbers = chance.randrange(2**32), [chance.randrange(2**32) for _ in range(40)]
            assert not live(lab, start, numbers), (start, numbers)
        assert lab.counts["moves"] > 50
