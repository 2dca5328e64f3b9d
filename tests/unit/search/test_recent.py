"""The cache of query embeddings: what it gives is what the model gives, and it stays within its bytes."""

import threading

import numpy as np
from searchable import Searchable

from vexord.embed.seam import Fingerprint, Vectors
from vexord.search.engine import SearchOptions
from vexord.search.recent import RecentVectors


class Model:
    """Embeds a text as its length, and counts how often it is asked."""

    def __init__(self, name: str = "a") -> None:
        self.fingerprint = Fingerprint(provider="test", endpoint="", model=name, dimensions=64, chunker=1)
        self.asked: list[str] = []

    def embed_query(self, text: str) -> Vectors:
        self.asked.append(text)
        return np.full((1, 64), len(text) % 100 + (self.fingerprint.model == "b"), np.int8)

    def embed_chunks(self, texts: object) -> Vectors:
        raise AssertionError("only queries are cached")


def test_a_text_is_embedded_once_for_each_model() -> None:
    recent, models = RecentVectors(), (Model("a"), Model("b"))
    for _ in range(2):
        for model in models:
            for text in ("one", "three"):
                assert recent.embed(model, text).tolist() == model.embed_query(text).tolist()
    figures = recent.figures()
    assert (figures.entries, figures.hits, figures.misses) == (4, 4, 4)


def test_the_least_recently_asked_goes_first() -> None:
    size = RecentVectors()
    size.embed(Model(), "0")
    model, recent = Model(), RecentVectors(max_bytes=3 * size.figures().bytes)
    for text in "0120312":
        recent.embed(model, text)
    assert model.asked == ["0", "1", "2", "3", "1", "2"]  # 0 was asked for again before 3 came
    figures = recent.figures()
    assert figures.entries == 3 and figures.bytes == figures.max_bytes


def test_what_is_too_large_is_not_kept() -> None:
    model, recent = Model(), RecentVectors(max_bytes=1_000)
    recent.embed(model, "small")
    recent.embed(model, "x" * 1_000)
    figures = recent.figures()
    assert (figures.entries, figures.bytes <= 1_000) == (1, True)


def test_nobody_can_change_what_is_kept() -> None:
    assert not RecentVectors().embed(Model(), "x").flags.writeable


def test_threads_leave_the_books_in_order() -> None:
    model, recent = Model(), RecentVectors(max_bytes=2_000)

    def ask(seed: int) -> None:
        for number in range(300):
            text = "x" * ((number * seed) % 23)
            assert recent.embed(model, text)[0, 0] == len(text)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    figures = recent.figures()
    assert figures.hits + figures.misses == 1_200
    assert figures.bytes <= figures.max_bytes


def test_no_cache_leaves_it_alone_and_answers_the_same(search: Searchable) -> None:
    def ask(no_cache: bool) -> list[tuple[str, float]]:
        options = SearchOptions(no_cache=no_cache)
        (result,) = search.engine.search([search.target()], ["bind the socket"], options)
        return [(hit.path, hit.score) for hit in result.hits]

    uncached = ask(no_cache=True)
    assert search.engine.query_cache().entries == search.engine.query_cache().misses == 0
    assert ask(no_cache=False) == ask(no_cache=False) == uncached
    assert search.engine.query_cache().hits == 1
