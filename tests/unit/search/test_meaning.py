"""Similarities of two models brought together."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from searchable import Searchable

from vexord.embed.choice import Embedding
from vexord.embed.seam import quantise
from vexord.index import codes
from vexord.index.refined import Refined
from vexord.index.snapshot import SegmentView
from vexord.index.vectors import TOLERANCE, scan
from vexord.search import meaning
from vexord.search.meaning import QueryVectors, nearness
from vexord.search.refined import LEAST_ROWS, refined_similarities
from vexord.search.second import SecondModels

ROWS = 200


def unit(seed: int, rows: int, width: int) -> NDArray[np.int8]:
    return quantise(np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32))


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> list[SegmentView]:
    """Two segments, of 200 rows and of one."""
    text = "".join(
        f"def name_{number}(value):\n    return value + {number}\n\n\n" * 8 for number in range(ROWS)
    )
    project = Searchable(
        tmp_path_factory.mktemp("p"), {f"f{n}.py": text[n * 500 : n * 500 + 2000] for n in range(ROWS)}
    )
    project.add({"later.py": "def late(): pass\n"})
    found = [pool.view for pool in project.pools()]
    assert len(found) == 2
    assert found[0].segment.rows > LEAST_ROWS
    return found


def with_rows(view: SegmentView, seed: int, known: NDArray[np.bool_] | None, model: str = "m") -> SegmentView:
    rows = unit(seed, view.segment.rows, 12)
    if known is not None:
        rows = rows * known[:, None].astype(np.int8)
    count = view.segment.rows if known is None else int(known.sum())
    return dataclasses.replace(view, refined=Refined(model, rows, known, count))


def query(views: list[SegmentView]) -> QueryVectors:
    return QueryVectors(unit(1, 1, views[0].segment.vectors.shape[1]), unit(2, 1, 12), "m")


def refined(views: list[SegmentView], asked: QueryVectors) -> list[NDArray[np.float32]] | None:
    assert asked.second is not None
    return refined_similarities(views, asked.first, asked.second, asked.second_model)


def test_without_a_vector_nothing_is_near(views: list[SegmentView]) -> None:
    near = nearness(views, [None] * 2, None, 10)
    assert len(near.rows) == 0
    assert (near.of(np.array([0, 0])) == -np.inf).all()


def test_rows_of_another_model_and_too_few_rows_do_not_count(views: list[SegmentView]) -> None:
    asked = query(views)
    few = np.zeros(views[0].segment.rows, np.bool_)
    few[: LEAST_ROWS - 1] = True
    for others in (
        [with_rows(view, 3, None, "other") for view in views],
        [with_rows(views[0], 3, few), views[1]],
        views,
    ):
        assert refined(others, asked) is None
        scores = np.concatenate([scan(view.segment.vectors, asked.first) for view in views])
        near = nearness(others, [None, None], asked, 10)
        assert set(near.rows.tolist()) == set(np.argsort(-scores, kind="stable")[:10].tolist())


def test_known_rows_take_half_of_both_on_one_scale_and_others_stay(views: list[SegmentView]) -> None:
    asked = query(views)
    known = np.arange(views[0].segment.rows) % 2 == 0
    plain = [scan(view.segment.vectors, asked.first) for view in views]
    refinable = [with_rows(views[0], 3, known), views[1]]
    mixed = refined(refinable, asked)
    assert mixed is not None
    assert np.array_equal(mixed[1], plain[1])
    assert np.array_equal(mixed[0][~known], plain[0][~known])
    assert asked.second is not None
    rows = unit(3, views[0].segment.rows, 12)[known].astype(float)
    second = asked.second[0].astype(float)
    cosines = rows @ second / np.linalg.norm(rows, axis=1) / np.linalg.norm(second)
    first = plain[0][known].astype(float)
    scaled = (cosines - cosines.mean()) / cosines.std() * first.std() + first.mean()
    assert np.allclose(mixed[0][known], (first + scaled) / 2, atol=1e-4)
    near = nearness(refinable, [known, None], asked, 20)
    together = np.concatenate([np.where(known, mixed[0], -np.inf), mixed[1]])
    assert set(near.rows.tolist()) == set(np.argsort(-together)[:20].tolist())
    assert np.array_equal(near.of(near.rows), together[near.rows])


@pytest.mark.parametrize("share", [1.0, 0.97, 0.6, 0.05])
@pytest.mark.parametrize("rough", [False, True])
def test_every_road_finds_the_rows_that_comparing_all_finds(
    views: list[SegmentView], monkeypatch: pytest.MonkeyPatch, share: float, rough: bool
) -> None:
    """Directly, among the few that are allowed, by rough similarities, by codes."""
    rows = unit(5, 5_000, 64)
    big = dataclasses.replace(views[0].segment, vectors=rows, rows=len(rows))
    asked = QueryVectors(unit(6, 1, 64))
    allowed = np.random.default_rng(1).random(len(rows)) < share if share < 1 else None
    exact = scan(rows, asked.first)
    order = np.argsort(-np.where(True if allowed is None else allowed, exact, -np.inf))[:50]
    guess = [exact + np.float32(TOLERANCE / 2)] if rough else None
    for few in (1, 100_000):
        monkeypatch.setattr(meaning, "FEW_ROWS", few)
        near = nearness([dataclasses.replace(views[0], segment=big)], [allowed], asked, 50, guess)
        assert set(near.rows.tolist()) == set(order.tolist())
        some = np.array([0, 17, 4_999])
        known = some if allowed is None else some[allowed[some]]
        assert np.allclose(near.of(known), exact[known], atol=1e-6)
        guess = [exact.copy()] if rough else None


@pytest.mark.skipif(not codes.available(), reason="no wheel of turbovec for this machine")
@pytest.mark.parametrize("share", [1.0, 0.97, 0.6])
def test_codes_find_nearly_all_of_the_nearest(
    views: list[SegmentView], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(meaning, "FEW_ROWS", 1_000)
    rows = unit(5, 5_000, 64)
    codes.write_codes(str(tmp_path / "codes.tv"), rows)
    coded = codes.Codes(str(tmp_path / "codes.tv"), len(rows))
    coded.wait()
    big = dataclasses.replace(views[0].segment, vectors=rows, rows=len(rows), codes=coded)
    view = dataclasses.replace(views[0], segment=big)
    asked = QueryVectors(unit(6, 1, 64))
    allowed = np.random.default_rng(1).random(len(rows)) < share if share < 1 else None
    exact = scan(rows, asked.first)
    best = set(np.argsort(-np.where(True if allowed is None else allowed, exact, -np.inf))[:50].tolist())
    near = nearness([view], [allowed], asked, 50)
    assert len(best & set(near.rows.tolist())) >= 48
    assert len(near.rows) == 50
    assert allowed is None or allowed[near.rows].all()
    assert np.allclose(near.of(np.sort(near.rows)), exact[np.sort(near.rows)], atol=1e-6)


def test_an_answer_says_that_the_second_model_is_missing(tmp_path: Path) -> None:
    project = Searchable(tmp_path, {"a.py": "def one(): pass\n"})
    project.engine.second = SecondModels(Embedding(model="model2vec:/nowhere"), str(tmp_path))
    project.engine.warm()
    (note,) = project.answer("one").notes
    assert note.startswith("ranked without the second model: there is no folder /nowhere")
    (told,) = project.engine.second.degraded()
    assert (told.name, told.hint) == ("second_model_missing", "then run: vexorctl restart")
