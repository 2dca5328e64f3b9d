"""Rows kept by the hash of their text."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
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
