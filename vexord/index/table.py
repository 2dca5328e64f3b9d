"""The writer's view of all live files: path → place in a segment, with entries made when asked for."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vexord.index.errors import IndexCorruptError
from vexord.index.manifest import RefinedRecord, SegmentRecord, encode_dead
from vexord.index.merge import SegmentLoad
from vexord.index.segment import Segment, rows_of_files
from vexord.index.stamps import Stamps, TouchedFile
from vexord.index.types import FileEntry, FileStamp

CHECK_DTYPE = np.dtype(
    [
        ("size", "<u8"), ("mtime_ns", "<i8"), ("inode", "<u8"), ("ctime_ns", "<i8"), ("checked_ns", "<i8"),
        ("live", "?"),
    ]
)  # fmt: skip
"""A stamp, when it was taken, and whether there is such a file: if not, the rest is zero."""
_ID_BITS = 32
_ID_MASK = (1 << _ID_BITS) - 1


@dataclass(slots=True)
class LiveSegment:
    """An open segment with its tombstones."""

    segment: Segment
    base: SegmentRecord
    """As written; its `dead` and `refined` are not kept up to date."""
    dead: NDArray[np.bool_]
    """Of its files; replaced, never changed in place."""
    refined: RefinedRecord | None

    def record(self, dead: NDArray[np.bool_]) -> SegmentRecord:
        """Return the manifest's record with these tombstones."""
        return SegmentRecord(
            name=self.base.name,
            rows=self.base.rows,
            files=self.base.files,
            sums=self.base.sums,
            dead=encode_dead(dead),
            refined=self.refined,
        )

    def load(self) -> SegmentLoad:
        """Return live and dead rows."""
        dead_rows = int(rows_of_files(self.segment.files, self.dead).sum())
        return SegmentLoad(self.segment.rows - dead_rows, dead_rows)


class FileTable(Mapping[str, FileEntry]):
    """Live files by path: a view that follows every commit. Not thread-safe.

    A file's place is one integer: number of the segment << 32 | file id.
    """

    def __init__(self) -> None:
        self.segments: dict[int, LiveSegment] = {}
        self._places: dict[str, int] = {}
        self._touched: dict[int, TouchedFile] = {}
        self._next_number = 0
        self.chunks = 0

    # --- mapping -------------------------------------------------------------------------------------------

    def __getitem__(self, path: str) -> FileEntry:
        place = self._places[path]
        segment = self.segments[place >> _ID_BITS].segment
        file_id = place & _ID_MASK
        start, end, size, mtime, inode, ctime, checked_ns, digest, language, encoding = segment.files[
            file_id
        ].item()
        touched = self._touched.get(place)
        return FileEntry(
            path=path,
            stamp=FileStamp(size, mtime, inode, ctime) if touched is None else touched.stamp,
            checked_ns=checked_ns if touched is None else touched.checked_ns,
            content_hash=bytes(digest),
            language=segment.languages[language],
            encoding=segment.encodings[encoding],
            segment=segment.name,
            file_id=file_id,
            chunks=end - start,
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, path: object) -> bool:
        return path in self._places

    def under(self, prefix: str) -> list[str]:
        """Return the paths at or below a folder; all if `prefix` is empty."""
        folder = prefix.rstrip("/")
        if not folder:
            return list(self._places)
        inside = folder + "/"
        return [path for path in self._places if path.startswith(inside) or path == folder]

    def of_inodes(self, inodes: Collection[int]) -> list[str]:
        """Return the live paths that had one of these inodes when they were last looked at."""
        wanted = np.fromiter(inodes, np.uint64, len(inodes))
        found: list[str] = []
        for number, live in self.segments.items():
            rows = np.isin(live.segment.files["inode"], wanted) & ~live.dead
            for place, touched in self._touched.items():
                if place >> _ID_BITS == number:
                    rows[touched.file_id] = touched.stamp.inode in inodes
            found += live.segment.paths.take(np.flatnonzero(rows)).tolist()
        return found

    def reusable(self, path: str) -> dict[int, NDArray[np.int8]]:
        """Return the vectors, shape (dimensions,), of a live file's chunks by embed hash."""
        place = self._places.get(path)
        if place is None:
            return {}
        segment = self.segments[place >> _ID_BITS].segment
        entry = segment.files[place & _ID_MASK]
        rows = slice(int(entry["row_start"]), int(entry["row_end"]))
        return dict(zip(segment.chunks["embed_hash"][rows].tolist(), segment.vectors[rows], strict=True))

    def quick_checks(self, paths: Sequence[str]) -> NDArray[np.void]:
        """Return what a scan compares of many files at once, shape (len(paths),), dtype `CHECK_DTYPE`."""
        checks = np.zeros(len(paths), CHECK_DTYPE)
        places = np.fromiter((self._places.get(path, -1) for path in paths), np.int64, len(paths))
        numbers = places >> _ID_BITS
        for number in np.unique(numbers[places >= 0]).tolist():
            mine = np.flatnonzero(numbers == number)
            entries = self.segments[number].segment.files[places[mine] & _ID_MASK]
            for name in ("size", "mtime_ns", "inode", "ctime_ns", "checked_ns"):
                checks[name][mine] = entries[name]
        checks["live"] = places >= 0
        for row, place in enumerate(places.tolist() if self._touched else ()):
            touched = self._touched.get(place)
            if touched is not None:
                stamp = touched.stamp
                told = (stamp.size, stamp.mtime_ns, stamp.inode, stamp.ctime_ns, touched.checked_ns, True)
                checks[row] = told
        return checks

    # --- changes -------------------------------------------------------------------------------------------

    def tombstones(self, paths: Iterable[str]) -> dict[int, NDArray[np.bool_]]:
        """Return, by segment number, the tombstones as they will be once `paths` are dead."""
        after: dict[int, NDArray[np.bool_]] = {}
        for path in paths:
            place = self._places.get(path)
            if place is not None:
                number = place >> _ID_BITS
                if number not in after:
                    after[number] = self.segments[number].dead.copy()
                after[number][place & _ID_MASK] = True
        return after

    def bury(self, paths: Iterable[str], tombstones: Mapping[int, NDArray[np.bool_]]) -> None:
        """Make `paths` dead; `tombstones` are those computed for them. Segments without live files go."""
        for path in paths:
            place = self._places.pop(path, None)
            if place is not None:
                self._touched.pop(place, None)
                entry = self.segments[place >> _ID_BITS].segment.files[place & _ID_MASK]
                self.chunks -= int(entry["row_end"]) - int(entry["row_start"])
        for number, dead in tombstones.items():
            self.segments[number].dead = dead
            if dead.all():
                del self.segments[number]

    def add(self, segment: Segment, record: SegmentRecord) -> None:
        """Take in a segment, less the tombstones of its record.

        Raises:
            IndexCorruptError: one of its files is live already, or the tombstones make no sense.
        """
        live = LiveSegment(segment, record, record.dead_files(), record.refined)
        number = self._next_number
        self._next_number += 1
        alive = np.flatnonzero(~live.dead)
        paths = segment.paths.tolist() if len(alive) == record.files else segment.paths.take(alive).tolist()
        if any(path in self._places for path in paths):
            raise IndexCorruptError(f"segment {record.name} holds a file that another one holds as well")
        first = number << _ID_BITS
        self._places.update(zip(paths, (alive + first).tolist(), strict=True))
        self.segments[number] = live
        self.chunks += live.load().live

    def replace(self, numbers: Iterable[int], segment: Segment | None, record: SegmentRecord | None) -> None:
        """Swap segments for one that holds their live files, or for nothing."""
        newer: dict[str, TouchedFile] = {}
        for number in numbers:
            for path in self.paths_of(number):
                touched = self._touched.pop(self._places.pop(path), None)
                if touched is not None:
                    newer[path] = touched
            self.chunks -= self.segments.pop(number).load().live
        if segment is not None and record is not None:
            self.add(segment, record)
            for path, touched in newer.items():  # the merge may have begun before they were touched
                self.touch(path, touched.stamp, touched.checked_ns)

    def paths_of(self, number: int) -> list[str]:
        """Return the live paths of a segment, from memory."""
        return [path for path, place in self._places.items() if place >> _ID_BITS == number]

    # --- stamps --------------------------------------------------------------------------------------------

    def touch(self, path: str, stamp: FileStamp, checked_ns: int) -> bool:
        """Give a live file a newer stamp; False if it is not live."""
        place = self._places.get(path)
        if place is None:
            return False
        self._touched[place] = TouchedFile(place & _ID_MASK, stamp, checked_ns)
        return True

    def stamps(self) -> Stamps:
        """Return all newer stamps."""
        by_segment: dict[str, list[TouchedFile]] = {}
        for place, touched in self._touched.items():
            name = self.segments[place >> _ID_BITS].segment.name
            by_segment.setdefault(name, []).append(touched)
        return Stamps(by_segment)

    def apply(self, stamps: Stamps) -> None:
        """Take over newer stamps of live files; others are of files that have gone."""
        for number, live in self.segments.items():
            for touched in stamps.segments.get(live.segment.name, ()):
                if touched.file_id < len(live.dead) and not live.dead[touched.file_id]:
                    self._touched[number << _ID_BITS | touched.file_id] = touched

    def stamped_files(self, number: int) -> NDArray[np.void]:
        """Return a segment's file table with newer stamps put in."""
        table = self.segments[number].segment.files.copy()
        for place, touched in self._touched.items():
            if place >> _ID_BITS == number:
                entry, stamp = table[touched.file_id], touched.stamp
                entry["size"], entry["mtime_ns"] = stamp.size, stamp.mtime_ns
                entry["inode"], entry["ctime_ns"] = stamp.inode, stamp.ctime_ns
                entry["checked_ns"] = touched.checked_ns
        return table
