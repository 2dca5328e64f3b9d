"""Reads an index again, a block at a time, and compares it with its sums: disks lose bits."""

import logging
import os
from collections import deque
from collections.abc import Sequence
from typing import BinaryIO

import xxhash

from vexord.files import FileSum, open_to_read
from vexord.index.manifest import SEGMENTS_NAME, SegmentRecord

logger = logging.getLogger(__name__)

BLOCK_BYTES = 4 << 20
"""A millisecond or two."""


class Scrub:
    """One reading of all files of some segments; those that have gone meanwhile are passed over."""

    def __init__(self, folder: str, records: Sequence[SegmentRecord]) -> None:
        self.damaged: set[str] = set()
        """Names of segments of which a file is not what was written."""
        self.damaged_refined: set[str] = set()
        """Names of files of a second model's rows that are not what was written."""
        self._todo: deque[tuple[str, str, FileSum, bool]] = deque()
        for record in records:
            base = os.path.join(folder, SEGMENTS_NAME, record.name)
            self._todo += [
                (record.name, os.path.join(base, name), one, False) for name, one in record.sums.items()
            ]
            if record.refined is not None:
                refined = record.refined
                self._todo.append((refined.file, os.path.join(base, refined.file), refined.sum, True))
        self._file: BinaryIO | None = None
        self._digest = xxhash.xxh3_64()
        self._size = 0

    def step(self) -> bool:
        """Read one block; return whether there is more to read."""
        if self._file is None and not self._begin():
            return bool(self._todo)
        assert self._file is not None  # noqa: S101 - `_begin` opened it
        try:
            block = self._file.read(BLOCK_BYTES)
        except OSError as error:
            logger.warning("a file of the index cannot be read path=%r: %s", self._todo[0][1], error)
            block = b""
        if block:
            self._digest.update(block)
            self._size += len(block)
            return True
        self._end()
        return bool(self._todo)

    def close(self) -> None:
        """Let go of the file at hand."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self) -> bool:
        if not self._todo:
            return False
        try:
            self._file = open(open_to_read(self._todo[0][1]), "rb", buffering=0)  # noqa: SIM115 - read over many steps
        except OSError:
            self._todo.popleft()
            return False
        self._digest, self._size = xxhash.xxh3_64(), 0
        return True

    def _end(self) -> None:
        self.close()
        name, path, expected, refined = self._todo.popleft()
        if FileSum(self._size, self._digest.hexdigest()) != expected:
            logger.error("a file of the index is damaged, it is built anew path=%r", path)
            (self.damaged_refined if refined else self.damaged).add(name)
