"""Rows kept by the hash of their text."""

import os
import sqlite3
import stat
from pathlib import Path

import numpy as np
import pytest
import xxhash
from numpy.typing import NDArray

from vexord.embed import cache as cache_module
from vexord.embed.cache import EmbeddingCache
from vexord.embed.seam import Fingerprint

SPACE = Fingerprint(provider="p", endpoint="", model="m/1", dimensions=4, chunker=1)


def rows_of(*numbers: int) -> NDArray[np.int8]:
    return np.array([[127, number, 0, -1] for number in numbers], np.int8).reshape(-1, 4)


def hashes(*numbers: int) -> NDArray[np.uint64]:
    return np.array(numbers, np.uint64)


def test_rows_come_back_in_the_order_asked_for_and_zeros_for_the_unknown(tmp_path: Path) -> None:
    cache = EmbeddingCache(str(tmp_path / "e"), SPACE)
    big = 2**64 - 1
    cache.put([3, big, 0], rows_of(3, 4, 5))
    assert cache.rows(hashes(big, 7, 3, 3)).tolist() == [
        *rows_of(4).tolist(),
        [0] * 4,
        *rows_of(3, 3).tolist(),
    ]
    assert cache.known(hashes(0, 1, big)).tolist() == [True, False, True]
    assert cache.rows(hashes()).shape == (0, 4)
    many = np.arange(1200, dtype=np.uint64)
    assert cache.known(many).sum() == 2
    cache.put([3], rows_of(9))
    assert cache.rows(hashes(3)).tolist() == rows_of(3).tolist(), "what is there is kept"
    assert len(cache) == 3
    cache.close()


def test_they_outlive_the_process_and_are_the_users_alone(tmp_path: Path) -> None:
    first = EmbeddingCache(str(tmp_path / "e"), SPACE)
    first.put([1], rows_of(1))
    first.close()
    again = EmbeddingCache(str(tmp_path / "e"), SPACE)
    assert again.known(hashes(1)).tolist() == [True]
    assert len(again) == 1
    assert stat.S_IMODE(os.stat(again.path).st_mode) == 0o600
    again.close()


def test_each_space_has_its_own(tmp_path: Path) -> None:
    one = EmbeddingCache(str(tmp_path), SPACE)
    one.put([1], rows_of(1))
    for other in ({"model": "m 1"}, {"chunker": 2}, {"endpoint": "x"}, {"provider": "q"}, {"dimensions": 5}):
        fields = {name: getattr(SPACE, name) for name in SPACE.__struct_fields__} | other
        cache = EmbeddingCache(str(tmp_path), Fingerprint(**fields))
        assert cache.path != one.path
        assert len(cache) == 0
        cache.close()
    one.close()


def test_it_is_bounded_and_forgets_what_was_asked_for_longest_ago(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = 100
    monkeypatch.setattr(cache_module, "_today", lambda: day)
    cache = EmbeddingCache(str(tmp_path), SPACE, max_bytes=400)
    cache.put(list(range(100)), rows_of(*range(100)))
    day = 101
    assert cache.known(hashes(*range(50))).all()
    cache.put([1000], rows_of(1))
    assert len(cache) <= 100
    assert cache.known(hashes(*range(50))).all()
    assert cache.known(hashes(1000)).all()
    assert not cache.known(hashes(*range(50, 100))).all()
    cache.close()


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    cache = EmbeddingCache(str(tmp_path), SPACE)
    cache.put([1], rows_of(1))
    cache.close()
    path = Path(cache.path)
    path.write_bytes(b"not a database at all, sorry" * 200)
    again = EmbeddingCache(str(tmp_path), SPACE)
    assert len(again) == 0
    again.put([1], rows_of(1))
    assert path.with_name(path.name + ".damaged").read_bytes().startswith(b"not a database")
    again.close()


def filled(folder: Path, count: int = 4_000) -> tuple[Path, list[int]]:
    cache = EmbeddingCache(str(folder), SPACE)
    keys = [xxhash.xxh3_64_intdigest(str(number).encode()) for number in range(count)]
    cache.put(keys, rows_of(*(number % 100 for number in range(count))))
    cache.close()
    return Path(cache.path), keys


@pytest.mark.parametrize("place", ["header", "root", "a leaf", "the end", "cut", "empty", "text"])
def test_of_a_damaged_file_every_row_that_can_be_read_is_kept(tmp_path: Path, place: str) -> None:
    path, keys = filled(tmp_path)
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    first = {"header": 0, "root": 1, "a leaf": pages // 2, "the end": pages - 1, "text": 0}.get(place)
    if place == "cut":
        data = data[: len(data) // 2 + 1000]
    elif place == "empty":
        data = bytearray()
    elif first is not None:
        data[first * 4096 : first * 4096 + (len(data) if place == "text" else 600)] = b"\xa5" * 600
    path.write_bytes(data)
    cache = EmbeddingCache(str(tmp_path), SPACE)
    try:
        known = cache.known(np.array(keys, np.uint64))
    except sqlite3.DatabaseError as error:
        cache.mend(error)
        known = cache.known(np.array(keys, np.uint64))
    least = {"a leaf": 3_500, "the end": 3_500, "cut": 1_000}.get(place, 0)
    assert known.sum() >= least
    rows = cache.rows(np.array(keys, np.uint64))
    right = rows_of(*(number % 100 for number in range(len(keys))))
    assert (rows[known] == right[known]).all(), "and none is wrong"
    cache.put(keys, right)
    assert cache.known(np.array(keys, np.uint64)).all()
    assert len(cache) == len(keys)
    cache.close()


def test_a_flipped_bit_in_a_row_is_noticed_and_the_row_made_again(tmp_path: Path) -> None:
    path, keys = filled(tmp_path, 50)
    data = path.read_bytes()
    path.write_bytes(data.replace(bytes(rows_of(7)[0]), bytes(rows_of(8)[0]), 1))
    cache = EmbeddingCache(str(tmp_path), SPACE)
    assert (cache.rows(hashes(keys[7])) == 0).all()
    assert not cache.known(hashes(keys[7])).any(), "it is forgotten"
    assert cache.known(hashes(*keys)).sum() == 49
    cache.close()


def test_rows_of_an_earlier_version_without_sums_are_taken(tmp_path: Path) -> None:
    path = Path(EmbeddingCache(str(tmp_path), SPACE).path)
    path.unlink()
    with sqlite3.connect(path) as old:
        old.execute("create table rows (hash integer primary key, day integer not null, row blob not null)")
        old.execute("insert into rows values (3, 1, ?)", (rows_of(5).tobytes(),))
    old.close()
    cache = EmbeddingCache(str(tmp_path), SPACE)
    assert cache.rows(hashes(3)).tolist() == rows_of(5).tolist()
    cache.put([4], rows_of(6))
    assert len(cache) == 2
    cache.close()


def test_rows_do_not_go_into_a_file_that_another_has_set_aside(tmp_path: Path) -> None:
    one, other = EmbeddingCache(str(tmp_path), SPACE), EmbeddingCache(str(tmp_path), SPACE)
    one.put([1], rows_of(1))
    other.mend(sqlite3.DatabaseError("as if"))
    one.put([2], rows_of(2))
    assert other.known(hashes(1, 2)).all()
    os.unlink(one.path)
    one.put([3], rows_of(3))
    third = EmbeddingCache(str(tmp_path), SPACE)
    assert third.known(hashes(3)).all()
    for cache in (one, other, third):
        cache.close()
