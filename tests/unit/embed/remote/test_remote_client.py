"""The client against a real server, through the real SDK: one fault at a time."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from tests.support.embedding import QUICK, Kept, client, provider, quick, requests, until
from tests.support.provider import FAULTS, FaultKind, ProviderServer, tokens_of, true_row
from vexord.embed.remote.client import Client
from vexord.embed.remote.seam import Answer, Limits, ProviderError, Refused, Rejected, Side, Transient
from vexord.embed.remote.work import Request
from vexord.embed.seam import quantise

TEXTS = [f"def function_{number}():\n    return {number}" for number in range(40)]


def right(text: str, dimensions: int = 8) -> np.ndarray:
    return quantise(true_row(text, dimensions)[None])[0]


def assert_all_right(server: ProviderServer, kept: Kept, texts: list[str] = TEXTS) -> None:
    assert kept.aside == {}
    assert sorted(kept.rows) == list(range(len(texts)))
    for key, text in enumerate(texts):
        np.testing.assert_array_equal(kept.rows[key], right(text, server.dimensions))
    assert server.log.repeated == []


@pytest.mark.parametrize("fault", FAULTS)
def test_every_chunk_gets_its_vector_whatever_befalls_three_requests(
    server: ProviderServer, fault: FaultKind
) -> None:
    async def run() -> None:
        kept = Kept()
        server.script.extend([None, fault, fault, None, fault])
        async with client(server, kept, quick(first_items=4)) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: len(kept.rows) == len(TEXTS))
        assert_all_right(server, kept)

    asyncio.run(run())
    assert server.log.faults[fault] == 3


def test_each_answer_is_kept_before_the_next_comes(server: ProviderServer) -> None:
    """Nothing waits for the whole: what was paid for before a failure is there."""

    async def run() -> None:
        kept = Kept()
        server.script.extend([None, None])
        server.chance = lambda: "stall"
        async with client(server, kept, quick(first_items=4, grace_s=0.05)) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: server.log.faults["stall"])
            await until(lambda: len(kept.rows) == 8)
        assert kept.parcels == [4, 4]
        assert len(server.log.answered) == 8

    asyncio.run(run())


def test_rows_outlast_a_full_disk_and_nothing_is_bought_meanwhile(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        kept.broken = 3
        async with client(server, kept, quick(first_items=4)) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: kept.broken == 1)
            assert server.log.requests == 1
            assert running.figures().unkept == 4
            await until(lambda: len(kept.rows) == len(TEXTS))
        assert_all_right(server, kept)

    asyncio.run(run())


def test_a_question_overtakes_bulk_and_a_first_text_too(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        server.latency_s = 0.02
        async with client(server, kept, quick(first_items=1, max_window=1)) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: server.log.requests == 2)
            running.add("p", [Request(key=99, name="edited", text="an edit")], first=True)
            row = await running.queries(["where is it", "and who"], 5.0)
            np.testing.assert_array_equal(row, [right("where is it"), right("and who")])
            await until(lambda: 99 in kept.rows)
            assert server.log.requests < len(TEXTS) / 2
        order = server.log.first_texts
        assert order.index("where is it") <= 3
        assert order.index("an edit") <= 4

    asyncio.run(run())


def test_projects_take_turns_and_a_text_of_two_is_sent_once(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        async with client(server, kept, quick(first_items=4, max_window=1)) as running:
            for project in ("a", "b"):
                numbered = [Request(key=hash(text), name="n", text=f"{text}") for text in TEXTS[:20]]
                own = [Request(key=k, name="n", text=f"{project}{k}") for k in range(20)]
                own = [Request(key=hash((project, r.key)), name="n", text=r.text) for r in own]
                running.add(project, [*own, *numbered])
            await until(lambda: len(kept.rows) == 60)
        assert server.log.repeated == []
        assert len(server.log.answered) == 60
        assert kept.projects == {"a": 40, "b": 40}
        starts = [text[0] for text in server.log.first_texts[:6]]
        assert starts == ["a", "b", "a", "b", "a", "b"]

    asyncio.run(run())


def test_a_refused_key_stops_bulk_fails_questions_at_once_and_heals(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        policy = quick(first_items=4, refused_rest_s=0.3, max_rest_s=0.3)
        async with client(server, kept, policy) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: len(kept.rows) >= 8)
            server.keys = set()
            await until(lambda: running.figures().state == "refused")
            seen = server.log.requests
            with pytest.raises(Refused, match="key is not accepted"):
                await running.queries(["where"], 0.05)
            assert server.log.requests <= seen + 1
            figures = running.figures()
            assert "key is not accepted" in figures.problem
            assert "sk-right" not in figures.problem
            server.keys = {"sk-right"}
            await until(lambda: len(kept.rows) == len(TEXTS))
            assert running.figures().state == "well"
        assert_all_right(server, kept)

    asyncio.run(run())


def test_a_storm_of_errors_costs_few_requests(server: ProviderServer) -> None:
    """Vexor's 429 part-way: 144 requests in 25 s and all rows lost."""

    async def run() -> None:
        kept = Kept()
        policy = quick(first_items=1, backoff_s=0.05, max_backoff_s=1.0, rest_s=0.2, max_rest_s=1.0)
        async with client(server, kept, policy) as running:
            server.script.extend([None] * 5)
            server.chance = lambda: "500"
            running.add("p", requests(TEXTS))
            await until(lambda: running.figures().state == "resting")
            opened = server.log.requests
            assert opened <= 5 + policy.failures + policy.max_window
            with pytest.raises(ProviderError):
                await running.queries(["where"], 0.01)
            server.chance = lambda: None
            await until(lambda: len(kept.rows) == len(TEXTS))
        assert_all_right(server, kept)

    asyncio.run(run())


def test_throttled_for_good_it_asks_ever_more_rarely(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        policy = quick(backoff_s=0.02, max_backoff_s=5.0)
        async with client(server, kept, policy, limits=Limits(items=1)) as running:
            server.script.extend([None] * 10)
            server.chance = lambda: "429"
            running.add("p", requests(TEXTS))
            await until(lambda: server.log.faults["429"] >= 8)
            assert running.figures().state == "throttled"
            assert len(kept.rows) == 10
            server.chance = lambda: None
            await until(lambda: len(kept.rows) == len(TEXTS))
        assert_all_right(server, kept)

    asyncio.run(run())


@pytest.mark.parametrize(("setting", "limit"), [("max_tokens", 60), ("max_items", 3)])
def test_batches_shrink_to_what_is_taken_and_stay_there(
    server: ProviderServer, setting: str, limit: int
) -> None:
    async def run() -> None:
        kept = Kept()
        setattr(server, setting, limit)
        texts = [f"text number {number} of many" for number in range(300)]
        async with client(server, kept, quick(first_items=32)) as running:
            running.add("p", requests(texts))
            await until(lambda: len(kept.rows) == len(texts))
            assert running.figures().batch_items <= 16
        assert_all_right(server, kept, texts)
        assert server.log.statuses[413] <= 0.2 * server.log.requests

    asyncio.run(run())


def test_batches_grow_while_all_goes_well(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        texts = [f"text {number}" for number in range(2000)]
        policy = quick(first_items=8, max_window=1)
        async with client(server, kept, policy, limits=Limits(items=300)) as running:
            running.add("p", requests(texts))
            await until(lambda: len(kept.rows) == len(texts))
        assert server.log.batches[0] == 8
        assert max(server.log.batches) == 300

    asyncio.run(run())


def test_a_model_that_does_one_thing_at_a_time_is_not_crowded(server: ProviderServer) -> None:
    """On this machine, say: more at once would only stand in line, and a question behind it."""

    async def run() -> None:
        kept = Kept()
        server.one_at_a_time_s = 0.004
        policy = quick(first_items=8, slow_s=0.1, timeout_s=10.0)
        async with client(server, kept, policy) as running:
            running.add("p", requests([f"text {number}" for number in range(1000)]))
            await until(lambda: len(kept.rows) > 300)
            assert running.figures().window <= 8
            assert running.figures().batch_items * running.figures().window <= 200
            await running.queries(["where"], 2.0)
            running.forget("p")

    asyncio.run(run())


def test_a_text_longer_than_the_model_takes_is_the_mean_of_its_pieces(server: ProviderServer) -> None:
    """One by the estimate beforehand, one because the server says so."""
    lines = "".join(f"line {number} of a long text\n" for number in range(60))
    server.max_input_tokens = 100

    async def run(limits: Limits) -> Kept:
        kept = Kept()
        async with client(server, kept, limits=limits) as running:
            running.add("p", requests([*TEXTS[:3], lines]))
            await until(lambda: len(kept.rows) == 4)
            assert running.figures().split == 1
        return kept

    for limits in (Limits(input_tokens=120), Limits()):
        server.log.answered.clear()
        kept = asyncio.run(run(limits))
        pieces = [text for text in server.log.answered if text.startswith("line")]
        assert len(pieces) >= 4
        assert "".join(sorted(pieces, key=lines.index)) == lines
        assert max(map(tokens_of, pieces)) <= 100
        weights = [len(piece) for piece in pieces]
        mean = np.average([true_row(piece, 8) for piece in pieces], axis=0, weights=weights)
        np.testing.assert_allclose(kept.rows[3], quantise(mean[None].astype(np.float32))[0], atol=1)
        np.testing.assert_array_equal(kept.rows[0], right(TEXTS[0]))


@pytest.mark.parametrize("fault", ["400", "nan", "missing", "garbage"])
def test_a_text_that_cannot_be_embedded_is_set_aside_by_name_and_the_rest_goes_on(
    server: ProviderServer, fault: FaultKind
) -> None:
    async def run() -> None:
        kept = Kept()
        server.poison = {TEXTS[5]: fault, TEXTS[17]: fault}
        async with client(server, kept, quick(first_items=8)) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: len(kept.rows) + len(kept.aside) == len(TEXTS))
            figures = running.figures()
        assert sorted(kept.aside) == [5, 17]
        assert kept.aside[5][0] == "file.py:5"
        assert figures.set_aside == 2
        assert TEXTS[5] not in str(figures)
        for key in kept.rows:
            np.testing.assert_array_equal(kept.rows[key], right(TEXTS[key]))
        assert server.log.repeated == []

    asyncio.run(run())


def test_when_nothing_is_taken_any_more_no_text_is_blamed_for_it(server: ProviderServer) -> None:
    """A server that rejects everything is at fault itself: at most a few texts are given up over it."""

    async def run() -> None:
        kept = Kept()
        async with client(server, kept, quick(first_items=4)) as running:
            server.chance = lambda: "400"
            running.add("p", requests(TEXTS))
            await until(lambda: server.log.requests >= 30)
            assert running.figures().state == "resting"
            assert not kept.aside
            server.chance = lambda: None
            await until(lambda: len(kept.rows) == len(TEXTS))
        assert_all_right(server, kept)

    asyncio.run(run())


def test_a_forgotten_project_costs_nothing_more(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        server.latency_s = 0.02
        async with client(server, kept, quick(first_items=1, max_window=1)) as running:
            running.add("gone", requests(TEXTS))
            await until(lambda: server.log.requests == 3)
            running.forget("gone")
            running.add("here", [Request(key=100, name="n", text="other")])
            await until(lambda: 100 in kept.rows)
            assert running.waiting() == 0
        assert server.log.requests <= 5
        assert sorted(kept.rows)[:3] == [0, 1, 2], "what was on its way is paid for, and kept"

    asyncio.run(run())


def test_closing_waits_for_answers_on_their_way(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        server.latency_s = 0.2
        async with client(server, kept, QUICK, limits=Limits(items=10)) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: server.log.requests == 3)
            assert len(kept.rows) == 10
        assert len(kept.rows) == 30
        assert server.log.repeated == []

    asyncio.run(run())


def test_a_question_has_a_deadline(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        server.chance = lambda: "stall"
        async with client(server, kept, quick(grace_s=0.05)) as running:
            with pytest.raises(Transient):
                await running.queries(["where"], 0.1)
            assert (await running.queries([], 0.1)).shape == (0, 8)
            server.chance = lambda: None
            assert (await running.queries(["where"], 5.0)).shape == (1, 8)

    asyncio.run(run())


def test_a_question_that_is_not_taken_says_so(server: ProviderServer) -> None:
    async def run() -> None:
        async with client(server, Kept()) as running:
            await running.queries(["where"], 5.0)
            server.chance = lambda: "400"
            with pytest.raises(Rejected):
                await running.queries(["what"], 5.0)

    asyncio.run(run())


def test_servers_without_numbers_or_base64_are_understood(server: ProviderServer) -> None:
    server.numbered = server.base64 = False

    async def run() -> None:
        kept = Kept()
        async with client(server, kept, QUICK) as running:
            running.add("p", requests(TEXTS))
            await until(lambda: len(kept.rows) == len(TEXTS))
        assert_all_right(server, kept)

    asyncio.run(run())


def test_texts_that_are_not_utf8_are_sent_all_the_same(server: ProviderServer) -> None:
    async def run() -> None:
        kept = Kept()
        async with client(server, kept) as running:
            running.add("p", requests(["name \udcff"]))
            await until(lambda: kept.rows)
        np.testing.assert_array_equal(kept.rows[0], right("name ?"))

    asyncio.run(run())


def test_a_fault_of_the_sdk_loses_no_text_and_its_words_are_not_logged(
    server: ProviderServer, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty:
        """A provider whose client fails once, as no documentation says it may."""

        def __init__(self) -> None:
            self._sound = provider(server)
            self.fingerprint, self.limits = self._sound.fingerprint, self._sound.limits
            self.close = self._sound.close
            self._failed = False

        async def embed(self, texts: Sequence[str], side: Side) -> Answer:
            if not self._failed:
                self._failed = True
                raise KeyError(texts[0])
            return await self._sound.embed(texts, side)

    async def run() -> None:
        kept = Kept()
        running = Client(Faulty(), kept, QUICK)
        running.add("p", requests(TEXTS))
        await until(lambda: len(kept.rows) == len(TEXTS))
        await running.close()
        assert_all_right(server, kept)

    asyncio.run(run())
    assert "KeyError in the provider's client" in caplog.text
    assert TEXTS[0] not in caplog.text
