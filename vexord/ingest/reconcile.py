"""Compare a tree with the file table, a slice at a time, so that edits and barriers never wait for a scan."""

import time
from collections import deque
from collections.abc import Iterator, Mapping

from vexor_protocol.health import Progress

from vexord.index.types import FileEntry
from vexord.ingest.ignore import IgnoreRules
from vexord.ingest.modes import AUTO
from vexord.ingest.pipeline import needs_check
from vexord.ingest.progress import ProgressMeter
from vexord.ingest.walk import WalkedFile, WalkReport, walk

SLICE_FILES = 64
SLICE_BYTES = 256 << 10
"""About 0.1 s of work: the longest that an edit or a barrier waits behind a scan."""
WALK_SLICE_S = 0.05
_WALK_BATCH = 512


class Scan:
    """One pass over a tree: `walk` until the difference is known, then `next_batch` until it is empty."""

    def __init__(
        self,
        root: str,
        rules: IgnoreRules,
        entries: Mapping[str, FileEntry],
        check_all: bool,
        mode: str = AUTO,
    ) -> None:
        self.check_all = check_all
        self.mode = mode
        """How much of each file is indexed when it begins."""
        self.walked = False
        self.files_total = 0
        self._report = WalkReport()
        self._meter = ProgressMeter()
        self._entries = entries
        self._walk: Iterator[WalkedFile] = walk(root, rules, report=self._report)
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
        return self._report.summary()

    def walk(self) -> bool:
        """Walk on for one slice; return True once the whole tree was seen."""
        limit = time.monotonic() + WALK_SLICE_S
        while time.monotonic() < limit:
            for _ in range(_WALK_BATCH):
                walked = next(self._walk, None)
                if walked is None:
                    self._compare()
                    return True
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

    def _take(self, walked: WalkedFile) -> None:
        self._seen.add(walked.rel)
        if self.check_all or needs_check(walked.stamp, self._entries.get(walked.rel)):
            self._found.append((walked.stamp.mtime_ns, walked.rel, walked.stamp.size))

    def _compare(self) -> None:
        self.walked = True
        self.files_total = len(self._seen)
        self._found.sort(reverse=True)
        self._to_check.extend((path, 0) for path in self._entries if path not in self._seen)
        self._to_check.extend((path, size) for _, path, size in self._found)
        self._left_bytes = sum(size for _, _, size in self._found)
        self._meter.start_indexing(len(self._to_check), self._left_bytes)
        if (folder := self._preferred) is not None:
            self._preferred = None
            self.prefer(folder)


def _is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
