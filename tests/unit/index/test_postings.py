from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.index import merge_postings
from vexord.index.build_postings import FieldTerms
from vexord.index.build_postings import build_postings as built_of
from vexord.index.merge_postings import DEAD, PostingMerge
from vexord.index.postings import (
    BODY,
    DEFINES,
    IMPACT_STEP,
    K1,
    NAME,
    B,
    Field,
    PostingArrays,
    Postings,
)

WORDS = st.sampled_from([f"w{i}" for i in range(12)])
ROWS = st.lists(st.lists(WORDS, max_size=12), max_size=12)


def build_postings(fields: dict[Field, list[list[str]]]) -> PostingArrays:
    return built_of({field: FieldTerms.of(rows, field) for field, rows in fields.items()})


Table = dict[str, list[tuple[int, float]]]


def expected(rows: list[list[str]], field: Field) -> Table:
    """The textbook: term → (row, BM25 term frequency part)."""
    table: Table = {}
    for row, terms in enumerate(rows):
        norm = K1 * (1 - B + B * len(terms) / field.average_terms)
        for term, frequency in Counter(terms).items():
            table.setdefault(term, []).append((row, frequency * (K1 + 1) / (frequency + norm)))
    return table


def assert_holds(arrays: PostingArrays, field: Field, table: Table) -> None:
    postings = Postings(arrays, field)
    for term in [f"w{i}" for i in range(12)]:
        found = postings.lookup(term)
        wanted = table.get(term, [])
        assert postings.df(term) == len(wanted)
        if not wanted:
            assert found is None
            continue
        assert found is not None
        rows, impacts = found
        assert rows.dtype == np.uint32
        assert impacts.dtype == np.uint8
        assert rows.tolist() == [row for row, _ in wanted]
        assert impacts * IMPACT_STEP == pytest.approx([impact for _, impact in wanted], abs=IMPACT_STEP / 2)


@given(ROWS, st.data())
def test_lookup_gives_the_rows_and_impacts_of_each_field(body: list[list[str]], data: st.DataObject) -> None:
    name = [data.draw(st.lists(WORDS, max_size=4)) for _ in body]
    other = [data.draw(st.lists(WORDS, max_size=2)) for _ in body]
    arrays = build_postings({BODY: body, NAME: name, DEFINES: other})
    assert_holds(arrays, BODY, expected(body, BODY))
    assert_holds(arrays, NAME, expected(name, NAME))
    assert_holds(arrays, DEFINES, expected(other, DEFINES))


@given(st.lists(ROWS, min_size=1, max_size=4), st.randoms(use_true_random=False), st.integers(1, 5))
def test_a_merge_equals_a_build_of_the_rows_that_live(
    parts: list[list[list[str]]], random: np.random.RandomState, block: int
) -> None:
    inputs = []
    kept: list[list[str]] = []
    for rows in parts:
        row_map = np.full(len(rows), DEAD, np.int64)
        for row, terms in enumerate(rows):
            if random.random() < 0.7:
                row_map[row] = len(kept)
                kept.append(terms)
        inputs.append((build_postings({BODY: rows, NAME: rows}), row_map))
    before, merge_postings.BLOCK_POSTINGS = merge_postings.BLOCK_POSTINGS, block
    try:
        merge = PostingMerge(inputs)
        blocks = list(merge.blocks())
    finally:
        merge_postings.BLOCK_POSTINGS = before
    wanted = build_postings({BODY: kept, NAME: kept})
    assert merge.hashes.tolist() == wanted.hashes.tolist()
    assert merge.offsets.tolist() == wanted.offsets.tolist()
    assert [row for rows, _ in blocks for row in rows] == wanted.rows.tolist()
    assert [impact for _, impacts in blocks for impact in impacts] == wanted.impacts.tolist()
    assert merge.count == len(wanted.rows)


def test_no_rows_and_no_terms_are_fine() -> None:
    assert Postings(build_postings({BODY: [], NAME: []}), BODY).lookup("x") is None
    assert Postings(build_postings({BODY: [[], []], NAME: [[], []]}), NAME).df("x") == 0
