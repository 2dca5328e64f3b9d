"""Columns as `.npy` records: written with headers that we can predict, read by map or, if small, by copy."""

import math
import mmap
import os
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vexord import files
from vexord.index.errors import IndexCorruptError

MAP_FROM_BYTES = 1 << 16
"""A smaller file is read instead: a map costs a descriptor for as long as it lives."""
_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNMENT = 64

Item = TypeVar("Item", bound=np.generic)


def npy_header(dtype: "np.dtype[np.generic]", shape: tuple[int, ...], start: int) -> bytes:
    """Return the header of a C-ordered `.npy` array that stands at byte `start` of its file.

    It is padded so that the data is aligned in the file, and never changes, so that readers can demand it.
    """
    text = f"{{'descr': {_descr(dtype)}, 'fortran_order': False, 'shape': {shape!r}, }}".encode("ascii")
    unpadded = len(_MAGIC) + 2 + len(text) + 1
    padded = text + b" " * (-(start + unpadded) % _ALIGNMENT) + b"\n"
    return _MAGIC + len(padded).to_bytes(2, "little") + padded


@lru_cache(64)
def _descr(dtype: "np.dtype[np.generic]") -> str:
    return repr(dtype.descr) if dtype.names else repr(dtype.str)


def raw_bytes(array: "NDArray[np.generic]") -> memoryview:
    """Return an array's content in C order as bytes; copies only if it is not contiguous."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


class ColumnFile:
    """One or more arrays in a file, one `.npy` record after the other, as repeated `numpy.save` would write.

    Raises:
        IndexCorruptError: on construction, if the file is missing or not `size` bytes long.
        OSError: it cannot be opened or mapped.
    """

    def __init__(self, path: str, size: int, *, scattered: bool = False) -> None:
        """`scattered`: rows here and there will be read, so the kernel need not read ahead."""
        self._path = path
        self._data = _read_or_map(path, size)
        if scattered and isinstance(self._data, mmap.mmap):
            self._data.madvise(mmap.MADV_RANDOM)

    def forget(self) -> None:
        """Give the pages in memory back to the system, which reads them again when they are used."""
        if isinstance(self._data, mmap.mmap):
            self._data.madvise(mmap.MADV_DONTNEED)

    def array(self, dtype: DTypeLike, shape: tuple[int, ...], start: int = 0) -> "NDArray[np.generic]":
        """Return a read-only view of the array whose header stands at byte `start`; pages are read when used.

        Raises:
            IndexCorruptError: the header is not that of this dtype and shape, or the data is cut short.
        """
        wanted = np.dtype(dtype)
        header = npy_header(wanted, shape, start)
        first = start + len(header)
        count = math.prod(shape)
        if self._data[start:first] != header or first + count * wanted.itemsize > len(self._data):
            raise IndexCorruptError(f"{self._path}: no array of {wanted} {shape} at byte {start}")
        return np.frombuffer(self._data, wanted, count, first).reshape(shape)


def _read_or_map(path: str, size: int) -> bytes | mmap.mmap:
    try:
        descriptor = files.open_to_read(path)
    except FileNotFoundError:
        raise IndexCorruptError(f"{path} is missing") from None
    try:
        found = os.fstat(descriptor).st_size
        if found != size:
            raise IndexCorruptError(f"{path}: {found} bytes instead of {size}")
        if size < MAP_FROM_BYTES:
            return os.read(descriptor, size)
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)


class StringColumn:
    """Strings as one run of bytes and n + 1 offsets (uint32); `column[i]` decodes one.

    Bytes that are not UTF-8 come back as surrogate escapes, so that paths survive.
    """

    def __init__(self, blob: NDArray[np.uint8], offsets: NDArray[np.uint32]) -> None:
        self.blob = blob
        self.offsets = offsets
        self._bytes, self._bounds = blob.data, offsets.data  # a third of the time of arrays

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        return str(self._bytes[self._bounds[index] : self._bounds[index + 1]], "utf-8", "surrogateescape")

    def tolist(self) -> list[str]:
        """Return all strings."""
        bounds = self.offsets.tolist()
        if not bounds[-1:]:
            return []
        raw = self.blob[bounds[0] : bounds[-1]].tobytes()
        bounds = [bound - bounds[0] for bound in bounds]
        if raw.isascii():
            text = raw.decode("ascii")
            return [text[start:end] for start, end in pairwise(bounds)]
        return [raw[start:end].decode("utf-8", "surrogateescape") for start, end in pairwise(bounds)]

    def take(self, indexes: "NDArray[np.integer]") -> "StringColumn":
        """Return a column of the strings at `indexes`, shape (m,), without decoding any."""
        return StringColumn(*take_runs(self.blob, self.offsets, indexes))

    @classmethod
    def of(cls, strings: Sequence[str]) -> "StringColumn":
        """Encode strings."""
        encoded = [encode_string(string) for string in strings]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(piece) for piece in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), checked_offsets(offsets))

    @classmethod
    def concatenate(cls, columns: Sequence["StringColumn"]) -> "StringColumn":
        """Join columns end to end."""
        if not columns:
            return cls.of(())
        return cls(*join_runs([(column.blob, column.offsets) for column in columns]))


Runs = tuple[NDArray[Item], NDArray[np.uint32]]
"""Runs of items end to end, and n + 1 offsets: run i is `items[offsets[i]:offsets[i + 1]]`."""


def take_runs(
    items: NDArray[Item], offsets: NDArray[np.uint32], indexes: "NDArray[np.integer]"
) -> Runs[Item]:
    """Return the runs at `indexes`, shape (m,)."""
    starts = offsets[:-1][indexes].astype(np.int64)
    lengths = offsets[1:][indexes].astype(np.int64) - starts
    ends = np.zeros(len(indexes) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    return items[np.repeat(starts - ends[:-1], lengths) + np.arange(ends[-1])], checked_offsets(ends)


def distinct(numbers: NDArray[Item]) -> NDArray[Item]:
    """Return the distinct numbers, ascending: what `np.unique` does, which takes ten times as long."""
    ordered = np.sort(numbers)
    new = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def lengths_of(offsets: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the length of each run, shape (n,)."""
    lengths: NDArray[np.int64] = offsets[1:].astype(np.int64) - offsets[:-1]
    return lengths


def join_runs(parts: Sequence[Runs[Item]]) -> Runs[Item]:
    """Return one or more sets of runs, one after the other."""
    offsets = [np.zeros(1, np.int64)]
    items = []
    total = 0
    for part, bounds in parts:
        first, last = int(bounds[0]), int(bounds[-1])
        offsets.append(bounds[1:].astype(np.int64) - first + total)
        items.append(part[first:last])
        total += last - first
    return np.concatenate(items), checked_offsets(np.concatenate(offsets))


def checked_offsets(offsets: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Narrow offsets to uint32.

    Raises:
        OverflowError: 4 Gi of items or more.
    """
    if len(offsets) and int(offsets[-1]) > np.iinfo(np.uint32).max:
        raise OverflowError("more than 4 GiB of strings in one segment")
    return offsets.astype(np.uint32)


def encode_string(text: str) -> bytes:
    """Return UTF-8; escaped bytes become those bytes again, other lone surrogates are kept as they are."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
