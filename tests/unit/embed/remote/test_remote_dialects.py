"""Each provider through its real SDK, or real HTTP, against the server."""

import asyncio
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.support.dialects import DialectServer
from tests.support.embedding import Kept, quick, requests, until
from tests.support.provider import FAULTS, UNANSWERED, FaultKind, provider_server, true_row
from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.remote.azure import TOKEN_VARIABLE
from vexord.embed.remote.catalogue import known_model, price
from vexord.embed.remote.choose import open_provider, remote_fingerprint
from vexord.embed.remote.client import Client
from vexord.embed.remote.opened import ChosenProvider
from vexord.embed.remote.seam import (
    Answer,
    BadAnswer,
    ProviderError,
    Refused,
    Rejected,
    Side,
    Throttled,
    TooLarge,
    Transient,
)
from vexord.embed.seam import quantise

KEY = {"VEXORD_API_KEY": "sk-right"}
TEXTS = ["def one(): pass", "def two(): pass", "def three(): pass"]
DIALECTS = ("openai", "compatible", "azure", "voyage", "cohere", "gemini")
UNNUMBERED = ("cohere", "gemini")
"""Their answers hold rows without numbers."""
SIDES = {
    "voyage": ("query", "document"),
    "cohere": ("search_query", "search_document"),
    "gemini": ("CODE_RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"),
}


@pytest.fixture
def server() -> Iterator[DialectServer]:
    with provider_server(DialectServer()) as running:
        assert isinstance(running, DialectServer)
        yield running


def chosen(server: DialectServer, name: str, **changes: Any) -> Embedding:
    addresses = {"gemini": server.root, "cohere": f"{server.root}/v2", "azure": server.root}
    models = {
        "openai": "text-embedding-3-small",
        "voyage": "voyage-code-3",
        "cohere": "embed-v4.0",
        "gemini": "gemini-embedding-001",
    }
    fields: dict[str, Any] = {
        "provider": name,
        "model": models.get(name, "own"),
        "base_url": addresses.get(name, server.url),
        "dimensions": 8,
        "deployment": "mine" if name == "azure" else "",
    }
    return Embedding(**fields | changes)


async def embedded(embedding: Embedding, side: Side, texts: list[str], **environment: str) -> Answer:
    provider = open_provider(embedding, environment or KEY)
    try:
        return await provider.embed(texts, side)
    finally:
        await provider.close()


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("side", ["query", "document"])
def test_rows_are_the_texts_and_both_sides_are_told_apart(
    server: DialectServer, name: str, side: Side
) -> None:
    answer = asyncio.run(embedded(chosen(server, name), side, TEXTS))
    for place, row in enumerate(answer.rows):
        assert np.allclose(row, true_row(TEXTS[place], 8), atol=1e-6)
    assert len(answer.rows) == 3
    assert server.asked == [8]
    if name in SIDES:
        assert server.log.sides == [SIDES[name][side == "document"]]
    assert answer.tokens == (None if name == "gemini" else server.log.tokens)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("429 after", Throttled),
        ("413", TooLarge),
        ("500", Transient),
        ("503", Transient),
        ("401", Refused),
        ("400", Rejected),
        ("reset", Transient),
        ("reset mid-body", Transient),
        ("garbage", BadAnswer),
    ],
)
def test_what_goes_wrong_is_one_of_our_errors_and_names_no_key_and_no_text(
    server: DialectServer, name: str, fault: FaultKind, kind: type[ProviderError]
) -> None:
    server.script.append(fault)
    with pytest.raises(kind) as caught:
        asyncio.run(embedded(chosen(server, name), "document", TEXTS))
    assert "sk-right" not in str(caught.value)
    assert "def one" not in str(caught.value)
    assert server.log.requests == 1, "the SDK does not try again by itself"
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after_s == pytest.approx(server.retry_after_s, abs=0.01)


@pytest.mark.parametrize("name", ["azure", "voyage", "cohere", "gemini"])
def test_whatever_happens_every_text_gets_its_row_and_is_not_paid_for_twice(
    server: DialectServer, name: str
) -> None:
    texts = [f"def number_{number}(): return {number}" for number in range(60)]
    unseen = {"401", "quota", "413"}
    if name in UNNUMBERED:  # two rows that change places cannot be told there
        unseen |= {"reorder", "duplicate", "stranger"}
    server.script.extend(fault for fault in FAULTS if fault not in unseen)

    async def run() -> Kept:
        kept = Kept()
        policy = quick(first_items=6)
        client = Client(ChosenProvider(chosen(server, name), environment=KEY), kept, policy)
        client.add("p", requests(texts))
        await until(lambda: len(kept.rows) == len(texts))
        await client.close()
        return kept

    kept = asyncio.run(run())
    for number, text in enumerate(texts):
        assert (kept.rows[number] == quantise(true_row(text, 8)[None])[0]).all()
    assert not kept.aside
    if name not in UNNUMBERED:  # where a row is missing, nothing can be told of the others
        assert not server.log.repeated
    assert server.log.faults.keys() >= UNANSWERED - unseen


def test_azure_takes_a_token_of_entra_id_instead_of_a_key(server: DialectServer) -> None:
    server.keys = {"entra-token"}
    embedding = chosen(server, "azure", api_version="2025-01-01")
    asyncio.run(embedded(embedding, "document", TEXTS, **{TOKEN_VARIABLE: "entra-token"}))
    assert server.versions == ["2025-01-01"]
    with pytest.raises(ModelError, match="vexorctl config set-key azure"):
        open_provider(embedding, {"HOME": "/"})


def test_a_model_of_ones_own_gets_the_prefixes_that_it_was_trained_with(server: DialectServer) -> None:
    embedding = chosen(server, "compatible", model="nomic-embed-text:v1.5", dimensions=0)
    asyncio.run(embedded(embedding, "query", ["open"]))
    asyncio.run(embedded(embedding, "document", ["def open"]))
    assert list(server.log.answered) == ["search_query: open", "search_document: def open"]
    assert server.asked == [None, None]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("intfloat/multilingual-e5-small", "query: "),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: "),
        ("BAAI/bge-m3", ""),
        ("Qwen/Qwen3-Embedding-0.6B", "Instruct: "),
        ("all-minilm", ""),
        ("codepage5", ""),
    ],
)
def test_prefixes_are_known_by_the_models_name(name: str, query: str) -> None:
    assert known_model("compatible", name).prefixes.get("query", "").startswith(query)
    assert bool(known_model("compatible", name).prefixes) == bool(query)


def test_the_servers_own_dimensions_are_learnt_from_its_first_answer(server: DialectServer) -> None:
    async def run() -> tuple[Kept, int]:
        kept = Kept()
        provider = ChosenProvider(chosen(server, "compatible", dimensions=0), environment={})
        client = Client(provider, kept, quick())
        client.add("p", requests(TEXTS))
        await until(lambda: len(kept.rows) == len(TEXTS))
        await client.close()
        return kept, provider.fingerprint.dimensions

    server.keys = {"-"}
    kept, dimensions = asyncio.run(run())
    assert dimensions == len(kept.rows[0]) == 8


def test_a_key_that_is_mended_is_found_by_the_next_try(server: DialectServer) -> None:
    environment = {"VEXORD_API_KEY": "sk-revoked"}

    async def run() -> Kept:
        kept = Kept()
        client = Client(ChosenProvider(chosen(server, "openai"), environment=environment), kept, quick())
        client.add("p", requests(TEXTS))
        await until(lambda: client.figures().state == "refused")
        environment["VEXORD_API_KEY"] = "sk-right"
        await until(lambda: len(kept.rows) == len(TEXTS))
        await client.close()
        return kept

    assert not asyncio.run(run()).aside


def test_without_a_key_nothing_is_sent_and_the_mend_is_named(server: DialectServer) -> None:
    async def run() -> str:
        client = Client(ChosenProvider(chosen(server, "voyage"), environment={}), Kept(), quick())
        client.add("p", requests(TEXTS))
        await until(lambda: client.figures().state == "refused")
        problem = client.figures().problem
        await client.close()
        return problem

    assert "vexorctl config set-key voyage" in asyncio.run(run())
    assert server.log.requests == 0


def test_dimensions_that_a_model_cannot_have_are_refused(server: DialectServer) -> None:
    with pytest.raises(ModelError, match="1536 dimensions and no others"):
        open_provider(chosen(server, "openai", model="text-embedding-ada-002"), KEY)


def test_prices_and_fingerprints() -> None:
    assert price("openai", "text-embedding-3-small") == 0.02
    assert price("azure", "text-embedding-3-small") == 0.02
    assert price("openai", "of-tomorrow") is None
    assert price("compatible", "text-embedding-3-small") is None
    one = remote_fingerprint(Embedding(provider="openai", model="text-embedding-3-small"))
    assert one.dimensions == 1536
    other = remote_fingerprint(
        Embedding(provider="openai", model="text-embedding-3-small", base_url="http://127.0.0.1:1/v1")
    )
    assert not one.same_space(other), "another server may serve another model under the name"
