"""A thread that embeds with the second model when the machine has nothing else to do."""

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vexord.embed.seam import SecondEmbedder, Vectors

logger = logging.getLogger(__name__)

UNLOAD_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts to embed, and afterwards their rows; shape (len(hashes), dimensions)."""

    project: str
    hashes: Sequence[int]
    texts: Sequence[str]
    rows: Vectors
    failure: str = ""


class IdleEmbedder:
    """Embeds one batch at a time at the lowest priority there is. `submit` and `take` are one thread's."""

    def __init__(self, embedder: SecondEmbedder, wake: Callable[[], None]) -> None:
        self._embedder = embedder
        self._wake = wake
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        self.busy = False
        self._thread = threading.Thread(target=self._run, name="second-model", daemon=True)
        self._thread.start()

    def submit(self, project: str, hashes: Sequence[int], texts: Sequence[str]) -> None:
        """Embed these texts; `busy` until `take` has returned them."""
        self.busy = True
        self._batches.put(Batch(project, hashes, texts, np.zeros((0, 0), np.int8)))

    def take(self) -> Batch | None:
        """Return the batch that was finished, or None."""
        try:
            batch = self._done.get_nowait()
        except queue.Empty:
            return None
        self.busy = False
        return batch

    def close(self) -> None:
        """End after the text at hand. The thread is not waited for: it holds nothing that must be kept."""
        self._batches.put(None)

    def _run(self) -> None:
        if sys.platform == "linux":  # of this thread alone; elsewhere the process's own niceness must do
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            try:
                batch = self._batches.get(timeout=UNLOAD_AFTER_S)
            except queue.Empty:
                self._embedder.unload()
                batch = self._batches.get()
            if batch is None:
                return
            self._done.put(self._embedded(batch))
            self._wake()

    def _embedded(self, batch: Batch) -> Batch:
        try:
            rows = self._embedder.embed_chunks(batch.texts)
        except Exception as error:  # whatever the model's runtime raises; the first model goes on
            logger.exception("the second model failed")
            return Batch(batch.project, (), (), batch.rows, f"{type(error).__name__}: {error}")
        return Batch(batch.project, batch.hashes, (), rows)
