"""Compare a tree with the file table, a slice at a time, so that edits and barriers never wait for a scan."""

import time
from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from vexor_protocol.health import Progress

from vexord.index.table import FileTable
from vexord.ingest.ignore import IgnoreRules
from vexord.ingest.modes import AUTO
from vexord.ingest.progress import ProgressMeter
from vexord.ingest.walk import WalkedFile, WalkReport, walk_folders

SLICE_FILES = 64
SLICE_BYTES = 256 << 10
"""About 0.1 s of work: the longest that an edit or a barrier waits behind a scan."""
WALK_SLICE_S = 0.05
REMOTE_SKEW_NS = 600_000_000_000
"""So far the clock of another machine, which stamps its files that we see, may be behind ours."""
_RACY_NS = 20_000_000
"""File systems stamp with the kernel's coarse clock (4–10 ms); this leaves room."""
_SECOND_NS = 1_000_000_000
_RACY_SECONDS_NS = 2 * _SECOND_NS + _RACY_NS
"""If the newest stamp of a file is a whole second: file systems such as FAT know no shorter time than two."""


class Scan:
    """One pass over a tree: `walk` until the difference is known, then `next_batch` until it is empty."""

    def __init__(
        self,
        root: str,
        rules: IgnoreRules,
        table: FileTable,
        check_all: bool,
        mode: str = AUTO,
        *,
        remote: bool = False,
    ) -> None:
        """`remote`: another machine's clock stamps the files."""
        self.check_all = check_all
        self.mode = mode
        """How much of each file is indexed when it begins."""
        self.walked = False
        self.files_total = 0
        self.report = WalkReport()
        """What the walk saw and left out."""
        self._meter = ProgressMeter()
        self._table = table
        self._skew_ns = REMOTE_SKEW_NS if remote else 0
        self._walk: Iterator[list[WalkedFile]] = walk_folders(root, rules, report=self.report)
        self._found: list[tuple[int, str, int]] = []
        self._seen: set[str] = set()
        self._to_check: deque[tuple[str, int]] = deque()
        self._left_bytes = 0
        self._preferred: str | None = None

    @property
    def left(self) -> int:
        """Number of paths still to be looked at, as far as it is known."""
        return len(self._to_check)

    @property
    def summary(self) -> str:
        """What the ignore rules left out, in words."""
        return self.report.summary()

    def walk(self) -> bool:
        """Walk on for one slice; return True once the whole tree was seen."""
        limit = time.monotonic() + WALK_SLICE_S
        walked: list[WalkedFile] = []
        while time.monotonic() < limit:
            files = next(self._walk, None)
            if files is None:
                self._take(walked)
                self._compare()
                return True
            walked += files
        self._take(walked)
        self._meter.scanned(len(self._seen))
        return False

    @property
    def left_bytes(self) -> int:
        """Size of those paths."""
        return self._left_bytes

    def next_batch(self, most: int = SLICE_FILES, most_bytes: int = SLICE_BYTES) -> tuple[list[str], int]:
        """Return the next paths to look at, and their size in bytes; lately modified files come first."""
        batch: list[str] = []
        size = 0
        while self._to_check and len(batch) < most and size < most_bytes:
            path, path_bytes = self._to_check.popleft()
            batch.append(path)
            size += path_bytes
        self._left_bytes -= size
        return batch, size

    def prefer(self, folder: str) -> None:
        """Put the paths at or below a folder before all others."""
        if folder != self._preferred:
            self._preferred = folder
            self._to_check = deque(sorted(self._to_check, key=lambda told: not _is_under(told[0], folder)))

    def put_back(self, paths: list[str], size: int) -> None:
        """These could not be looked at; they come next."""
        share = size // max(1, len(paths))
        self._to_check.extendleft((path, share) for path in reversed(paths))
        self._left_bytes += share * len(paths)

    def indexed(self, files: int, read_bytes: int, chunks: int) -> None:
        """Count what became of a batch."""
        self._meter.indexed(files, read_bytes, chunks)

    def progress(self) -> Progress:
        """Return the figures for clients."""
        return self._meter.report()

    def eta_s(self) -> float | None:
        """Seconds left, if there is enough to go by."""
        return self._meter.eta_s()

    def elapsed_s(self) -> float:
        """Seconds since the scan began."""
        return self._meter.elapsed_s()

    def _take(self, walked: list[WalkedFile]) -> None:
        paths = [file.rel for file in walked]
        self._seen.update(paths)
        if not self.check_all:
            doubtful = needs_check(walked, self._table.quick_checks(paths), self._skew_ns)
            walked = [walked[row] for row in np.flatnonzero(doubtful).tolist()]
        self._found += [(file.stamp.mtime_ns, file.rel, file.stamp.size) for file in walked]

    def _compare(self) -> None:
        self.walked = True
        self.files_total = len(self._seen)
        self._found.sort(reverse=True)
        self._to_check.extend((path, 0) for path in self._table if path not in self._seen)
        self._to_check.extend((path, size) for _, path, size in self._found)
        self._left_bytes = sum(size for _, _, size in self._found)
        self._meter.start_indexing(len(self._to_check), self._left_bytes)
        if (folder := self._preferred) is not None:
            self._preferred = None
            self.prefer(folder)


def _is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def needs_check(walked: Sequence[WalkedFile], known: NDArray[np.void], skew_ns: int = 0) -> NDArray[np.bool_]:
    """Return which files must be read, shape (len(walked),): new, of another stamp, or racily clean.

    `known` is what `FileTable.quick_checks` says of them. Racily clean is git's term: a write could have
    followed the reading without moving the time stamps. That compares stamps with the time of the reading by
    our clock, which makes the stamps too, unless the file system is another machine's: `skew_ns` is what
    that one's clock may be behind. If our clock is set back, more is read and nothing missed.
    """
    stamps = [file.stamp for file in walked]
    mtime = np.fromiter((stamp.mtime_ns for stamp in stamps), np.int64, len(stamps))
    ctime = np.fromiter((stamp.ctime_ns for stamp in stamps), np.int64, len(stamps))
    size = np.fromiter((stamp.size for stamp in stamps), np.uint64, len(stamps))
    inode = np.fromiter((stamp.inode for stamp in stamps), np.uint64, len(stamps))
    same = known["live"] & (known["size"] == size) & (known["inode"] == inode)
    same &= (known["mtime_ns"] == mtime) & (known["ctime_ns"] == ctime)
    newest = np.maximum(mtime, ctime)
    margin_ns = skew_ns + np.where(newest % _SECOND_NS, _RACY_NS, _RACY_SECONDS_NS)
    racy = newest >= known["checked_ns"] - margin_ns
    wanted: NDArray[np.bool_] = ~same | racy
    return wanted
