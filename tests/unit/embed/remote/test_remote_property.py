"""For every script of faults: at the end each chunk has the right vector, and none was paid for twice."""

import asyncio
import random

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.embedding import Kept, client, quick, requests, until
from tests.support.provider import FAULTS, FaultKind, ProviderServer, provider_server, true_row
from vexord.embed.remote.policy import Policy
from vexord.embed.seam import quantise

HARMFUL_ALONE = frozenset(
    {"400", "nan", "zero", "null", "missing", "duplicate", "garbage", "dimension", "stranger"}
)
"""After some of these in a row on one text alone it is given up; else nothing may be."""


def unlike(count: int) -> list[str]:
    """Return texts of which no two have a longer part in common."""
    return [random.Random(number).randbytes(32).hex() for number in range(count)]


def expected(server: ProviderServer, text: str) -> np.ndarray:
    """Return the vector of a text, or the mean of those of its pieces if it was answered in pieces."""
    if server.log.answered[text]:
        return true_row(text, server.dimensions)
    pieces = sorted((piece for piece in server.log.answered if piece in text), key=text.index)
    assert "".join(pieces) == text
    rows = [true_row(piece, server.dimensions) for piece in pieces]
    return np.average(rows, axis=0, weights=[len(piece) for piece in pieces]).astype(np.float32)


def lost_in_transit(server: ProviderServer, timeouts: int) -> None:
    """Leave out runs in which the machine was too busy for the short time limit: an answer came too late."""
    assume(timeouts <= server.log.faults["stall"] + server.log.faults["drip"])


def assert_right(server: ProviderServer, kept: Kept, texts: list[str], policy: Policy) -> None:
    log = server.log
    assert log.repeated == [], "sent again after it was answered"
    assert kept.rows.keys() | kept.aside.keys() == set(range(len(texts)))
    for key, row in kept.rows.items():
        np.testing.assert_array_equal(row, quantise(expected(server, texts[key])[None])[0])
    assert not kept.aside or sum(log.faults[fault] for fault in HARMFUL_ALONE) >= 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    script=st.lists(st.sampled_from([None, *FAULTS]), max_size=14),
    chunks=st.integers(1, 60),
    first_items=st.integers(1, 20),
    seed=st.integers(0, 1000),
)
def test_every_script(script: list[FaultKind | None], chunks: int, first_items: int, seed: int) -> None:
    texts = unlike(chunks)
    policy = quick(first_items=first_items, timeout_s=0.3, strikes=15, chance=random.Random(seed))

    async def run(server: ProviderServer) -> Kept:
        kept = Kept()
        server.retry_after_s = 0.01
        server.script.extend(script)
        async with client(server, kept, policy) as running:
            half = chunks // 2
            running.add("a", requests(texts)[:half])
            running.add("b", requests(texts))
            await until(lambda: len(kept.rows) + len(kept.aside) == chunks)
            lost_in_transit(server, running.figures().timeouts)
        return kept

    with provider_server() as server:
        kept = asyncio.run(run(server))
        assert_right(server, kept, texts, policy)
        assert set(kept.aside) == set() or script.count("400") > 0


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.5))
def test_any_mixture_of_faults_at_random(seed: int, share: float) -> None:
    texts = unlike(150)
    dice = random.Random(seed)
    policy = quick(first_items=4, timeout_s=0.3, strikes=40, chance=random.Random(seed))
    faults = [fault for fault in FAULTS if fault != "400"]  # of which a single one gives a text up
    left = iter(range(60))

    def chance() -> FaultKind | None:
        return dice.choice(faults) if dice.random() < share and next(left, None) is not None else None

    async def run(server: ProviderServer) -> Kept:
        kept = Kept()
        server.retry_after_s = 0.01
        server.chance = chance
        async with client(server, kept, policy) as running:
            running.add("p", requests(texts))
            await until(lambda: len(kept.rows) + len(kept.aside) == len(texts), 40.0)
            lost_in_transit(server, running.figures().timeouts)
        return kept

    with provider_server() as server:
        kept = asyncio.run(run(server))
        assert_right(server, kept, texts, policy)
        assert kept.aside == {}
