"""Queries by a provider, asked by threads that wait."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.embedding import quick
from tests.support.provider import ProviderServer, true_row
from vexord.embed.choice import Embedding
from vexord.embed.kept import Kept
from vexord.embed.remote import queries as queries_module
from vexord.embed.remote.choose import remote_fingerprint
from vexord.embed.remote.queries import RemoteQueries
from vexord.embed.seam import NotNowError, quantise


def made(server: ProviderServer, *, shared_key: bool = True) -> RemoteQueries:
    chosen = Embedding(provider="compatible", base_url=server.url, model="m", dimensions=8)
    kept = Kept(fingerprint=remote_fingerprint(chosen), key="text_hash", chosen=chosen)
    return RemoteQueries(kept, shared_key=shared_key, policy=quick())


@pytest.fixture
def model(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteQueries]:
    monkeypatch.setenv("VEXORD_API_KEY", "sk-right")
    monkeypatch.setattr(queries_module, "TIMEOUT_S", 0.5)
    one = made(server)
    yield one
    one.close()


def test_each_thread_gets_the_row_of_its_text(model: RemoteQueries) -> None:
    found: dict[str, list[list[int]]] = {}

    def ask(text: str) -> None:
        found[text] = model.embed_query(text).tolist()

    threads = [threading.Thread(target=ask, args=(f"text {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {
        f"text {number}": quantise(true_row(f"text {number}", 8)[None]).tolist() for number in range(8)
    }


def test_many_are_fetched_in_one_request(server: ProviderServer, model: RemoteQueries) -> None:
    texts = [f"text {number}" for number in range(50)]
    model.prefetch([*texts, texts[0], " "])
    for text in texts:
        assert model.embed_query(text).tolist() == quantise(true_row(text, 8)[None]).tolist()
    assert server.log.requests == 1


def test_a_failed_fetch_is_told_of_each_and_not_asked_again(
    server: ProviderServer, model: RemoteQueries
) -> None:
    server.chance = lambda: "401"
    model.prefetch(["one", "two"])
    asked = server.log.requests
    for text in ("one", "two"):
        with pytest.raises(NotNowError, match="key is not accepted"):
            model.embed_query(text)
    assert server.log.requests == asked


def test_a_provider_that_hangs_costs_a_searcher_time_only_at_first(
    server: ProviderServer, model: RemoteQueries
) -> None:
    server.chance = lambda: "stall"
    for number in range(4):
        with pytest.raises(NotNowError, match="no answer within"):
            model.embed_query(f"text {number}")
    problem = model.problem()
    assert problem is not None
    assert problem.name == "provider_rests"
    server.chance = lambda: None

    def healed() -> bool:
        try:
            model.embed_query("text")
        except NotNowError:
            return False
        return True

    until = time.monotonic() + 20
    while not healed():
        assert time.monotonic() < until
    assert model.problem() is None


def test_a_query_that_looks_like_a_secret_is_not_sent(server: ProviderServer, model: RemoteQueries) -> None:
    secret = "where is AKIA" + "IOSFODNN7ABCDEFG used"
    model.prefetch([secret])
    with pytest.raises(NotNowError, match="was not sent"):
        model.embed_query(secret)
    assert server.log.requests == 0


def test_the_key_of_the_chosen_provider_is_not_shown_to_another(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VEXORD_API_KEY", "sk-right")
    other = made(server, shared_key=False)
    with pytest.raises(NotNowError, match="key is not accepted"):
        other.embed_query("text")
    other.close()
    server.keys = {"-"}
    keyless = made(server, shared_key=False)
    assert keyless.embed_query("text").shape == (1, 8)
    keyless.close()
