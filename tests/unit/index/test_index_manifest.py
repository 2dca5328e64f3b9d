import os
import stat
from pathlib import Path

import msgspec
import numpy as np
import pytest

from vexord.files import FileSum
from vexord.index.errors import FutureFormatError, IndexCorruptError
from vexord.index.manifest import (
    LISTED_DEAD,
    MANIFEST_NAME,
    Manifest,
    SegmentRecord,
    encode_dead,
    publish_manifest,
    read_manifest,
)
from vexord.index.sealed import FORMAT


def manifest(dead: "list[int] | str" = []) -> Manifest:  # noqa: B006 - msgspec copies
    record = SegmentRecord(name="s", rows=9, files=5_000, sums={"a": FileSum(1, "f" * 16)}, dead=dead)
    return Manifest(generation=3, epoch="0" * 8, fingerprint={"dimensions": 4}, segments=[record])


@pytest.mark.parametrize("durable", [False, True])
def test_what_is_published_is_read(tmp_path: Path, durable: bool) -> None:
    publish_manifest(str(tmp_path), manifest([1, 2]), durable=durable)
    assert read_manifest(str(tmp_path)) == manifest([1, 2])
    assert os.listdir(tmp_path) == [MANIFEST_NAME]
    assert stat.S_IMODE((tmp_path / MANIFEST_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("count", [0, 1, LISTED_DEAD, LISTED_DEAD + 1, 5_000])
def test_tombstones_survive_as_list_and_as_bitmap(count: int) -> None:
    mask = np.zeros(5_000, np.bool_)
    mask[np.random.default_rng(count).permutation(5_000)[:count]] = True
    dead = encode_dead(mask)
    assert isinstance(dead, str) == (count > LISTED_DEAD)
    assert manifest(dead).segments[0].dead_files().tolist() == mask.tolist()


@pytest.mark.parametrize("dead", [[5_000], "!", "AAAA"])
def test_impossible_tombstones_are_damage(dead: "list[int] | str") -> None:
    with pytest.raises(IndexCorruptError):
        manifest(dead).segments[0].dead_files()


def test_any_flipped_bit_or_cut_is_damage(tmp_path: Path) -> None:
    publish_manifest(str(tmp_path), manifest(), durable=False)
    path = tmp_path / MANIFEST_NAME
    good = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(len(b'{"format":1'), len(good), 200):
        bad = bytearray(good)
        bad[place] ^= 1 << int(random.integers(8))
        path.write_bytes(bad)
        with pytest.raises(IndexCorruptError):
            read_manifest(str(tmp_path))
    for length in range(0, len(good), 7):
        path.write_bytes(good[:length])
        with pytest.raises(IndexCorruptError):
            read_manifest(str(tmp_path))


def test_a_newer_format_is_named_whatever_else_it_holds(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(msgspec.json.encode({"format": FORMAT + 1, "seal": "x"}))
    with pytest.raises(FutureFormatError, match="update vexord") as caught:
        read_manifest(str(tmp_path))
    assert (caught.value.found, caught.value.supported) == (FORMAT + 1, FORMAT)


def test_no_manifest_is_not_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_manifest(str(tmp_path))


def test_an_older_format_is_built_anew(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(msgspec.json.encode({"format": 1, "checksum": "x", "body": {}}))
    with pytest.raises(IndexCorruptError, match="format 1, which is older than ours"):
        read_manifest(str(tmp_path))
