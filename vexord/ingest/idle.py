"""A thread that embeds with the second model when the machine has nothing else to do."""

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence

from vexor_protocol.health import Degraded

from vexord.embed.seam import SecondEmbedder
from vexord.ingest.makers import Item, Made
from vexord.loglines import told

logger = logging.getLogger(__name__)

UNLOAD_AFTER_S = 30.0
BATCH_CHUNKS = 8
"""About 0.3 s of work."""


class IdleMaker:
    """A `makers.RowMaker` of one batch at a time, at the lowest priority there is."""

    urgent = False

    def __init__(self, embedder: SecondEmbedder, wake: Callable[[], None]) -> None:
        self._embedder = embedder
        self._wake = wake
        self._batches: queue.SimpleQueue[Sequence[Item] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Made] = queue.SimpleQueue()
        self._busy = False
        self._failure = ""
        self._thread = threading.Thread(target=self._run, name="second-model", daemon=True)
        self._thread.start()

    def room(self) -> int:
        """Return how many texts it would take now."""
        return 0 if self._busy or self._failure else BATCH_CHUNKS

    def submit(self, _project: str, items: Sequence[Item], *, first: bool) -> None:  # noqa: ARG002
        """Embed these texts; there is no room until `take` has returned them."""
        self._busy = True
        self._batches.put(items)

    def take(self) -> list[Made]:
        """Return the batch that was finished, if one was."""
        try:
            made = self._done.get_nowait()
        except queue.Empty:
            return []
        self._busy = False
        return [made] if not self._failure else []

    def forget(self, project: str) -> None:
        """A batch is done in no time."""

    def problem(self) -> Degraded | None:
        """Return how the model failed, if it did; it then rests."""
        if not self._failure:
            return None
        return Degraded(
            name="second_model_failed",
            message=self._failure,
            hint="see: vexorctl logs; it is tried again after: vexorctl restart",
        )

    def spent(self) -> None:
        """Nothing costs anything."""

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

    def _embedded(self, batch: Sequence[Item]) -> Made:
        hashes = [item.key for item in batch]
        try:
            return Made(hashes, self._embedder.embed_chunks([item.text for item in batch]))
        except Exception as error:  # whatever the model's runtime raises; the first model goes on
            logger.exception("the second model failed")
            self._failure = f"the second model failed: {told(error)}"
            return Made(hashes)
