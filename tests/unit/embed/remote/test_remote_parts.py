"""The small parts of the policy, each by itself."""

import math
import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.embed.remote.batches import BatchSize
from vexord.embed.remote.breaker import Breaker
from vexord.embed.remote.check import sound
from vexord.embed.remote.openai import public_url
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Answer, BadAnswer, Limits, Refused, Transient
from vexord.embed.remote.sizes import TokenCounter, cut, raw_tokens


@dataclass
class Clock:
    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_full_jitter_stays_within_its_bounds_and_uses_them() -> None:
    policy = Policy(chance=random.Random(1))
    for attempt, most in ((1, 0.5), (2, 1.0), (4, 4.0), (50, 20.0), (5000, 20.0)):
        waits = [policy.backoff(attempt) for _ in range(300)]
        assert 0 < min(waits) < 0.1 * most
        assert 0.9 * most < max(waits) <= most


def test_the_breaker_opens_after_failures_in_a_row_lets_one_through_and_heals() -> None:
    clock = Clock()
    breaker = Breaker(Policy(now=clock, chance=random.Random(1)))
    for _ in range(4):
        breaker.failed(Transient("x"))
    assert not breaker.open
    breaker.answered()
    for _ in range(5):
        breaker.failed(Transient("x"))
    assert breaker.open
    assert 2.5 <= breaker.wait_s() <= 5.0
    clock.seconds += 5.0
    assert breaker.wait_s() == 0
    breaker.sent()
    assert math.isinf(breaker.wait_s())
    breaker.failed(Transient("x"))
    assert 5.0 <= breaker.wait_s() <= 10.0
    clock.seconds += 10.0
    breaker.sent()
    breaker.answered()
    assert not breaker.open
    assert breaker.wait_s() == 0


def test_a_refusal_opens_it_at_once_and_its_rest_is_bounded() -> None:
    clock = Clock()
    breaker = Breaker(Policy(now=clock, chance=random.Random(1)))
    for _ in range(20):
        breaker.sent()
        breaker.failed(Refused("x"))
        assert 15.0 <= breaker.wait_s() <= 300.0
        clock.seconds += 300.0


@pytest.mark.parametrize("largest", [1, 3, 40, 200, 2048])
def test_batches_find_the_largest_size_that_is_taken(largest: int) -> None:
    size = BatchSize(Limits(), Policy())
    refused = 0
    for _ in range(60):
        items = size.items
        if items > largest:
            refused += 1
            assert size.too_large(items, items * 10)
        else:
            size.went_well(items, items * 10, crowded=False)
    assert size.items <= largest
    assert size.items >= 0.45 * largest
    assert refused <= 9


def test_a_size_that_was_taken_before_is_not_to_blame() -> None:
    size = BatchSize(Limits(), Policy())
    size.went_well(64, 5000, crowded=False)
    assert not size.too_large(60, 4000)
    assert size.items >= 64


def test_one_batch_at_a_time_tries_a_new_size() -> None:
    size = BatchSize(Limits(), Policy())
    size.went_well(64, 5000, crowded=False)
    assert size.items == 96
    assert size.sent(96, 7000)
    assert size.items == 64
    assert not size.sent(64, 5000)
    size.back()
    assert size.items == 96


def answer(rows: list[list[float]], places: list[int] | None) -> Answer:
    return Answer(rows=[np.array(row, np.float32) for row in rows], places=places)


def test_sound_rows_are_told_from_others() -> None:
    rows = [[1.0, 0.0], [0.0, 2.0], [np.nan, 1.0], [0.0, 0.0], [5.0, 5.0]]
    places, table = sound(answer(rows, [3, 0, 1, 2, 4]), 6, 2)
    assert places == [0, 3, 4]
    np.testing.assert_array_equal(table, [[0, 2], [1, 0], [5, 5]])


def test_two_rows_for_one_place_count_only_if_they_are_equal() -> None:
    assert sound(answer([[1, 0], [1, 0], [0, 1]], [0, 0, 1]), 3, 2)[0] == [0, 1]
    assert sound(answer([[1, 0], [1, 1], [0, 1]], [0, 0, 1]), 3, 2)[0] == [1]


@pytest.mark.parametrize(
    ("rows", "places", "message"),
    [
        ([[1, 0, 0]], [0], "3 dimensions, not 2"),
        ([[1, 0]], None, "1 vectors came for 2 texts"),
        ([[1, 0]], [2], "not asked"),
        ([[1, 0]], [-1], "not asked"),
        ([], [], "no vector"),
        ([[0, 0]], [1], "no vector of the answer"),
    ],
)
def test_an_answer_of_which_nothing_can_be_told(
    rows: list[list[float]], places: list[int] | None, message: str
) -> None:
    with pytest.raises(BadAnswer, match=message):
        sound(answer(rows, places), 2, 2)


@given(st.text(min_size=1), st.integers(1, 9))
def test_pieces_are_the_text(text: str, parts: int) -> None:
    pieces = cut(text, parts)
    assert "".join(pieces) == text
    assert all(pieces)
    assert len(pieces) <= parts


def test_a_text_is_cut_at_ends_of_lines() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    assert all(piece.endswith("\n") for piece in cut(text, 5))
    assert max(map(len, cut(text, 5))) < len(text) / 3


def test_the_estimate_learns_from_what_was_counted() -> None:
    counter = TokenCounter()
    text = "def f(x): return x * 2\n" * 50
    first = counter.tokens(raw_tokens(text))
    for _ in range(5):
        counter.heard(raw_tokens(text), 200)
    assert abs(counter.tokens(raw_tokens(text)) - 210) <= 1 < abs(first - 210)
    assert counter.raw(counter.tokens(300.0)) == pytest.approx(300.0, rel=0.01)
    counter.heard(10.0, 1_000_000)
    assert counter.factor <= 3.0


def test_an_address_in_status_holds_no_password() -> None:
    assert public_url("https://me:secret@host:8080/v1/?key=secret") == "https://host:8080/v1"
