"""The thread that embeds with the second model."""

import os
import sys
import threading
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.waiting import wait_until
from vexord.embed.seam import Fingerprint
from vexord.ingest import idle
from vexord.ingest.idle import BATCH_CHUNKS, IdleMaker
from vexord.ingest.makers import Item, Made


class Slow:
    """Embeds when the gate opens; notes how it was run."""

    fingerprint = Fingerprint(provider="", endpoint="", model="", dimensions=1, chunker=0)

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.unloaded = threading.Event()
        self.policy = -1

    def embed_chunks(self, texts: Sequence[str]) -> NDArray[np.int8]:
        self.gate.wait(10)
        if sys.platform == "linux":
            self.policy = os.sched_getscheduler(0)
        if "bad" in texts:
            raise RuntimeError("no such operator")
        return np.array([[len(text)] for text in texts], np.int8)

    def embed_query(self, text: str) -> NDArray[np.int8]:
        return self.embed_chunks([text])

    def unload(self) -> None:
        self.unloaded.set()


def finished(embedder: IdleMaker) -> Made:
    (made,) = wait_until(embedder.take)  # type: ignore[misc]
    return made  # type: ignore[no-any-return]


def rows(made: Made) -> list[list[int]]:
    assert made.rows is not None
    return made.rows.tolist()  # type: ignore[no-any-return]


def test_rows_come_back_with_their_hashes_and_the_loop_is_woken() -> None:
    slow, woken = Slow(), threading.Event()
    embedder = IdleMaker(slow, woken.set)
    assert embedder.room() == BATCH_CHUNKS
    embedder.submit("p", [Item(7, "a", ""), Item(8, "bcd", "")], first=False)
    assert embedder.room() == 0
    assert embedder.take() == []
    slow.gate.set()
    assert woken.wait(10)
    made = finished(embedder)
    assert (list(made.hashes), rows(made)) == ([7, 8], [[1], [3]])
    assert embedder.room() == BATCH_CHUNKS
    embedder.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a thread's own priority is Linux's")
def test_only_that_thread_runs_at_idle_priority() -> None:
    slow = Slow()
    slow.gate.set()
    embedder = IdleMaker(slow, lambda: None)
    embedder.submit("p", [Item(1, "a", "")], first=False)
    finished(embedder)
    assert slow.policy == os.SCHED_IDLE
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    embedder.close()


def test_a_model_that_fails_says_so_and_rests() -> None:
    slow = Slow()
    slow.gate.set()
    embedder = IdleMaker(slow, lambda: None)
    assert embedder.problem() is None
    embedder.submit("p", [Item(1, "bad", "")], first=False)
    wait_until(lambda: embedder.problem() is not None)
    problem = embedder.problem()
    assert problem is not None
    assert problem.message == "the second model failed: RuntimeError"
    assert embedder.take() == []
    assert embedder.room() == 0
    embedder.close()


def test_memory_is_given_back_when_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "UNLOAD_AFTER_S", 0.01)
    slow = Slow()
    slow.gate.set()
    embedder = IdleMaker(slow, lambda: None)
    assert slow.unloaded.wait(10)
    embedder.submit("p", [Item(1, "a", "")], first=False)
    assert rows(finished(embedder)) == [[1]]
    embedder.close()
