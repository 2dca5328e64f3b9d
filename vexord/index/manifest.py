"""The manifest: which segments make up a generation, and which of their files are dead (tombstones)."""

import base64
import binascii
import os

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.files import FileSum
from vexord.index.errors import IndexCorruptError
from vexord.index.sealed import read_sealed, write_sealed

MANIFEST_NAME = "manifest.json"
SEGMENTS_NAME = "segments"
REFINED_PREFIX = "refined-"
"""Of the files in a segment's folder that hold rows of a second model."""
LISTED_DEAD = 1_000
"""More tombstones than this in a segment are written as a bitmap instead of a list of file ids."""

FingerprintFields = dict[str, str | int]
"""The fields of an embedder's fingerprint. The index compares them and knows only `dimensions`."""


class RefinedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a second model for a segment, in a file of its folder."""

    file: str
    model: str
    """Says whose rows they are; rows of another model are not used."""
    dimensions: int
    count: int
    """Rows that are known; the others are zero."""
    sum: FileSum


class SegmentRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One segment of a generation."""

    name: str
    rows: int
    files: int
    """Number of files, dead ones included: file ids are below it."""
    sums: dict[str, FileSum]
    """Column file → size and checksum."""
    dead: list[int] | str = []
    """Ids of replaced or deleted files, or a base64 bitmap of them, lowest id in the highest bit."""
    refined: RefinedRecord | None = None

    def dead_files(self) -> NDArray[np.bool_]:
        """Return a mask over the segment's files, shape (files,).

        Raises:
            IndexCorruptError: an id is out of range, or the bitmap is not one.
        """
        mask = np.zeros(self.files, np.bool_)
        try:
            if isinstance(self.dead, str):
                bits = np.frombuffer(base64.b64decode(self.dead, validate=True), np.uint8)
                mask[:] = np.unpackbits(bits)[: self.files]
            else:
                mask[self.dead] = True
        except (IndexError, ValueError, binascii.Error) as error:
            raise IndexCorruptError(f"tombstones of segment {self.name}: {error}") from None
        return mask

    @property
    def size_bytes(self) -> int:
        """Bytes on disk."""
        refined = self.refined.sum.size if self.refined is not None else 0
        return refined + sum(entry.size for entry in self.sums.values())


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A generation: all that a reader needs to find its data."""

    generation: int
    """Grows by one with each publication (by more after a failed one)."""
    epoch: str
    """8 hex digits, made anew whenever a writer opens the index."""
    fingerprint: FingerprintFields
    segments: list[SegmentRecord]
    mode: str = "auto"
    """Under which all files were indexed, of which the index knows no more; empty while they are mixed."""


def encode_dead(mask: NDArray[np.bool_]) -> list[int] | str:
    """Return tombstones as `SegmentRecord.dead` holds them."""
    ids = np.flatnonzero(mask)
    if len(ids) <= LISTED_DEAD:
        return [int(number) for number in ids]
    return base64.b64encode(np.packbits(mask).tobytes()).decode("ascii")


def read_manifest(folder: str) -> Manifest:
    """Read the current generation of an index folder.

    Raises:
        FileNotFoundError: nothing was published yet.
        FutureFormatError: written by a newer version.
        IndexCorruptError: not what was written.
    """
    return read_sealed(os.path.join(folder, MANIFEST_NAME), Manifest)


def publish_manifest(folder: str, manifest: Manifest, *, durable: bool) -> None:
    """Make a generation the current one; its segments must be complete on disk."""
    write_sealed(os.path.join(folder, MANIFEST_NAME), manifest, durable=durable)
