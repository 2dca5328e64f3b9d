"""Rows by a provider as the indexer's loop sees them: a real server, and a cache on the disk."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support.embedding import quick
from tests.support.provider import ProviderServer, provider_server, true_row
from tests.support.waiting import wait_until
from vexord.embed.cache import EmbeddingCache
from vexord.embed.choice import Embedding
from vexord.embed.kept import Kept
from vexord.embed.remote.choose import remote_fingerprint
from vexord.embed.seam import quantise
from vexord.ingest.makers import Item, Made
from vexord.ingest.remote import ROOM, RemoteMaker


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProviderServer]:
    monkeypatch.setenv("VEXORD_API_KEY", "sk-right")
    with provider_server() as running:
        yield running


class Running:
    """A maker, and all that it has said."""

    def __init__(self, server: ProviderServer, folder: Path) -> None:
        chosen = Embedding(provider="compatible", base_url=server.url, model="m")
        self.kept = Kept(fingerprint=remote_fingerprint(chosen), key="text_hash", chosen=chosen)
        self.folder = str(folder)
        self.woken = threading.Event()
        self.maker = RemoteMaker(self.kept, self.folder, self.woken.set, quick(first_items=4))
        self.made: list[Made] = []

    def items(self, *texts: str) -> list[Item]:
        return [Item(hash(text) & 0xFFFF_FFFF, text, "a.py") for text in texts]

    def arrived(self, count: int) -> bool:
        self.made += self.maker.take()
        return sum(len(made.hashes) + len(made.unfit) for made in self.made) == count

    def cached(self, text: str) -> list[int]:
        cache = EmbeddingCache(self.folder, self.kept.fingerprint)
        (row,) = cache.rows(np.array([item.key for item in self.items(text)], np.uint64)).tolist()
        cache.close()
        return list(row)


@pytest.fixture
def running(server: ProviderServer, tmp_path: Path) -> Iterator[Running]:
    one = Running(server, tmp_path)
    yield one
    one.maker.close()


def test_rows_are_in_the_cache_before_the_loop_hears_of_them(
    server: ProviderServer, running: Running
) -> None:
    texts = [f"text {number}" for number in range(10)]
    running.maker.submit("p", running.items(*texts), first=False)
    assert running.maker.room() == ROOM - 10
    wait_until(lambda: running.arrived(10), 10)
    assert running.woken.is_set()
    for text in texts:
        assert running.cached(text) == quantise(true_row(text, 8)[None])[0].tolist()
    assert all(made.rows is None for made in running.made)
    assert running.maker.room() == ROOM
    wait_until(lambda: (told := running.maker.spent()) and told.rows == 10, 10, "they are counted")


def test_a_text_whose_row_came_since_it_was_found_to_lack_one_is_not_paid_for_again(
    server: ProviderServer, running: Running
) -> None:
    running.maker.submit("p", running.items("twice"), first=False)
    wait_until(lambda: running.arrived(1), 10)
    running.maker.submit("p", running.items("twice", "new"), first=False)
    wait_until(lambda: running.arrived(3), 10)
    assert not server.log.repeated
    assert set(server.log.answered) == {"twice", "new"}
    assert running.maker.room() == ROOM


def test_what_only_a_project_that_has_gone_wanted_is_not_sent(
    server: ProviderServer, running: Running
) -> None:
    server.held = True
    running.maker.submit("p", running.items("begins"), first=False)
    wait_until(lambda: server.log.requests, 10)
    running.maker.submit("gone", running.items(*(f"gone {number}" for number in range(8))), first=False)
    running.maker.submit("p", running.items("gone 3", "stays"), first=False)
    running.maker.forget("gone")
    server.held = False
    wait_until(lambda: running.arrived(3), 10)
    assert set(server.log.answered) == {"begins", "gone 3", "stays"}
    assert running.maker.room() == ROOM


def test_an_edit_goes_before_what_waits(server: ProviderServer, running: Running) -> None:
    server.held = True
    running.maker.submit("p", running.items("begins"), first=False)
    wait_until(lambda: server.log.requests, 10)
    running.maker.submit("p", running.items(*(f"bulk {number}" for number in range(20))), first=False)
    running.maker.submit("p", running.items("edited"), first=True)
    server.held = False
    wait_until(lambda: running.arrived(22), 10)
    assert server.log.first_texts[1] == "edited"


def test_a_text_that_the_provider_does_not_take_is_told_and_the_rest_goes_on(
    server: ProviderServer, running: Running
) -> None:
    server.poison["bad"] = "400"
    running.maker.submit("p", running.items("good", "bad", "fine"), first=False)
    wait_until(lambda: running.arrived(3), 10)
    (unfit,) = [key for made in running.made for key in made.unfit]
    assert unfit == running.items("bad")[0].key


def test_a_provider_that_refuses_is_named_without_its_key_and_heals(
    server: ProviderServer, running: Running
) -> None:
    server.keys = {"sk-another"}
    running.maker.submit("p", running.items("text"), first=False)
    wait_until(lambda: running.maker.problem() is not None, 10)
    problem = running.maker.problem()
    assert problem is not None
    assert problem.name == "provider_refuses"
    assert "key is not accepted" in problem.message
    assert "sk-right" not in str(problem)
    server.keys = {"sk-right"}
    wait_until(lambda: running.arrived(1), 10)
    wait_until(lambda: running.maker.problem() is None, 10)


def test_what_is_on_its_way_at_the_end_is_kept(server: ProviderServer, running: Running) -> None:
    server.latency_s = 0.2
    running.maker.submit("p", running.items("paid for"), first=False)
    wait_until(lambda: server.log.requests, 10)
    running.maker.close()
    assert running.cached("paid for") == quantise(true_row("paid for", 8)[None])[0].tolist()
