import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord import files
from vexord.index.columns import MAP_FROM_BYTES, ColumnFile, StringColumn, npy_header, raw_bytes
from vexord.index.errors import IndexCorruptError
from vexord.index.segment import CHUNK_DTYPE
from vexord.index.vectors import inverse_lengths, products, scan


@pytest.mark.parametrize("length", [0, 3, MAP_FROM_BYTES])
def test_numpy_reads_our_records_and_we_read_them_back(tmp_path: Path, length: int) -> None:
    path = str(tmp_path / "columns.npy")
    first, second = np.arange(length, dtype=np.uint64), np.zeros(length, CHUNK_DTYPE)
    second["file"] = np.arange(length)
    header = npy_header(first.dtype, first.shape, 0)
    start = len(header) + first.nbytes
    summed = files.write_file(
        path, header, raw_bytes(first), npy_header(CHUNK_DTYPE, second.shape, start), raw_bytes(second)
    )
    with open(path, "rb") as file:
        assert np.array_equal(np.load(file), first)
        assert np.array_equal(np.load(file), second)
    columns = ColumnFile(path, summed.size)
    assert np.array_equal(columns.array(np.uint64, (length,)), first)
    assert np.array_equal(columns.array(CHUNK_DTYPE, (length,), start), second)
    with pytest.raises(IndexCorruptError):
        columns.array(np.uint32, (length,))
    os.truncate(path, summed.size - 1)
    with pytest.raises(IndexCorruptError):
        ColumnFile(path, summed.size)


STRINGS = st.lists(
    st.one_of(st.text(st.characters(codec="utf-8"), max_size=8), st.binary(max_size=8).map(os.fsdecode))
)


@given(STRINGS, STRINGS, st.data())
def test_strings_survive(first: list[str], second: list[str], data: st.DataObject) -> None:
    column = StringColumn.concatenate([StringColumn.of(first), StringColumn.of(second)])
    both = first + second
    assert column.tolist() == both == [column[i] for i in range(len(column))]
    indexes = data.draw(st.lists(st.integers(0, len(both) - 1))) if both else []
    assert column.take(np.array(indexes, np.int64)).tolist() == [both[i] for i in indexes]


def test_a_string_column_ends(tmp_path: Path) -> None:
    with pytest.raises(IndexError):
        StringColumn.of(["a"])[1]


@pytest.mark.parametrize("dimensions", [1, 16, 256, 771])
def test_scan_is_the_cosine_and_zero_for_zero(dimensions: int) -> None:
    random = np.random.default_rng(dimensions)
    rows = random.integers(-127, 128, (50, dimensions)).astype(np.int8)
    rows[7] = 0
    query = random.integers(1, 128, (1, dimensions)).astype(np.int8)
    wide, one = rows.astype(np.float64), query[0].astype(np.float64)
    norms = np.linalg.norm(wide, axis=1) * np.linalg.norm(one)
    cosine = np.divide(wide @ one, norms, out=np.zeros(50), where=norms > 0)
    assert scan(rows, query) == pytest.approx(cosine, abs=1e-5)
    assert scan(rows, query)[7] == 0
    assert scan(rows, np.zeros_like(query)).tolist() == [0.0] * 50
    assert scan(rows[:0], query).shape == (0,)
    by_product = products(rows, query) * inverse_lengths(rows) * inverse_lengths(query)
    assert by_product == pytest.approx(cosine, abs=1e-5)
    assert products(rows[:0], query).shape == (0,)
