"""How far a scan has come, at what rate, and how long it will take."""

import time
from collections import deque

from vexor_protocol.health import Progress

_WINDOW_S = 5.0
_FIRST_ESTIMATE_S = 0.3


class ProgressMeter:
    """Counts files, bytes and chunks of one scan; the rate is that of the last few seconds."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()
        self._phase_s = self._start_s
        self._indexing = False
        self._files_total = self._files_done = 0
        self._bytes_total = self._bytes_done = 0
        self._chunks_done = 0
        self._samples: deque[tuple[float, int]] = deque()

    def scanned(self, files: int) -> None:
        """Tell the number of files seen so far by the walk."""
        self._files_total = files

    def start_indexing(self, files: int, total_bytes: int) -> None:
        """The walk has ended; this much is to be read."""
        self._indexing = True
        self._phase_s = time.monotonic()
        self._files_total, self._bytes_total = files, total_bytes

    def indexed(self, files: int, read_bytes: int, chunks: int) -> None:
        """Tell what one slice did."""
        self._files_done += files
        self._bytes_done += read_bytes
        self._chunks_done += chunks
        now = time.monotonic()
        self._samples.append((now, self._bytes_done))
        while self._samples and now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()

    def elapsed_s(self) -> float:
        """Seconds since the scan began."""
        return time.monotonic() - self._start_s

    def eta_s(self) -> float | None:
        """Seconds left, from the rate of the last seconds; None while there is too little to go by."""
        if not self._indexing or time.monotonic() - self._phase_s < _FIRST_ESTIMATE_S or not self._samples:
            return None
        first_s, first_bytes = self._samples[0]
        if len(self._samples) == 1:
            first_s, first_bytes = self._phase_s, 0
        done = self._bytes_done - first_bytes
        if done <= 0:
            return None
        return (self._bytes_total - self._bytes_done) * (self._samples[-1][0] - first_s) / done

    def report(self) -> Progress:
        """Return the figures for clients."""
        eta = self.eta_s()
        return Progress(
            phase="indexing" if self._indexing else "scanning",
            files_done=self._files_done,
            files_total=self._files_total,
            bytes_done=self._bytes_done,
            bytes_total=self._bytes_total,
            chunks_done=self._chunks_done,
            elapsed_s=round(self.elapsed_s(), 2),
            eta_s=None if eta is None else round(eta, 1),
        )
