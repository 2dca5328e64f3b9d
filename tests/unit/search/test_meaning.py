"""Similarities of two models brought together."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from searchable import Searchable

from vexord.embed.seam import quantise
from vexord.index.refined import Refined
from vexord.index.snapshot import SegmentView
from vexord.search.meaning import LEAST_ROWS, QueryVectors, similarities

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
    return SegmentView(
        view.segment,
        view.record,
        view.live,
        view.live_rows,
        view.live_files,
        Refined(model, rows, known, count),
    )


def query(views: list[SegmentView]) -> QueryVectors:
    return QueryVectors(unit(1, 1, views[0].segment.vectors.shape[1]), unit(2, 1, 12), "m")


def test_without_a_vector_nothing_is_near(views: list[SegmentView]) -> None:
    assert all((scores == -np.inf).all() for scores in similarities(views, None))


def test_rows_of_another_model_and_too_few_rows_change_nothing(views: list[SegmentView]) -> None:
    asked = query(views)
    plain = similarities(views, QueryVectors(asked.first))
    few = np.zeros(views[0].segment.rows, np.bool_)
    few[: LEAST_ROWS - 1] = True
    for others in (
        [with_rows(view, 3, None, "other") for view in views],
        [with_rows(views[0], 3, few), views[1]],
        views,
    ):
        for mine, theirs in zip(plain, similarities(others, asked), strict=True):
            assert np.array_equal(mine, theirs)


def test_known_rows_take_half_of_both_on_one_scale_and_others_stay(views: list[SegmentView]) -> None:
    asked = query(views)
    known = np.arange(views[0].segment.rows) % 2 == 0
    plain = similarities(views, QueryVectors(asked.first))
    mixed = similarities([with_rows(views[0], 3, known), views[1]], asked)
    assert np.array_equal(mixed[1], plain[1])
    assert np.array_equal(mixed[0][~known], plain[0][~known])
    assert asked.second is not None
    rows = unit(3, views[0].segment.rows, 12)[known].astype(float)
    second = asked.second[0].astype(float)
    cosines = rows @ second / np.linalg.norm(rows, axis=1) / np.linalg.norm(second)
    first = plain[0][known].astype(float)
    scaled = (cosines - cosines.mean()) / cosines.std() * first.std() + first.mean()
    assert np.allclose(mixed[0][known], (first + scaled) / 2, atol=1e-4)


def test_an_answer_says_that_the_second_model_is_missing(tmp_path: Path) -> None:
    project = Searchable(tmp_path, {"a.py": "def one(): pass\n"})
    project.engine.problem = "no such package"
    assert project.answer("one").notes == ["ranked without the second model: no such package"]
