"""When an index is read again whole, to find what the disk has lost of it."""

import math
from collections.abc import Callable

from vexord.index.scrub import Scrub
from vexord.index.writer import IndexWriter
from vexord.link.messages import Published

EVERY_S = 86_400.0
Change = Callable[[Callable[[], object]], Published | None]
"""See `Project.change`."""


class Scrubbing:
    """Once after the project was opened, then once a day, in quiet moments; at once if somebody doubts."""

    def __init__(self, writer: IndexWriter) -> None:
        self._writer = writer
        self._scrub: Scrub | None = None
        self._due_s = -math.inf
        self._urgent = False

    @property
    def at_work(self) -> bool:
        """Whether a reading is under way."""
        return self._scrub is not None

    def want(self) -> None:
        """A search met something that cannot be."""
        self._urgent = True

    def due(self, now: float, *, calm: bool) -> bool:
        """Whether to read on now."""
        return self._urgent or (calm and (self.at_work or now >= self._due_s))

    def step(self, now: float, change: Change) -> Published | None:
        """Read a block; at the end what is damaged is dropped, which `change` publishes."""
        if self._scrub is None:
            self._scrub = self._writer.begin_scrub()
        if self._scrub.step():
            return None
        done, self._scrub, self._urgent = self._scrub, None, False
        self._due_s = now + EVERY_S
        return change(lambda: self._writer.finish_scrub(done))

    def close(self) -> None:
        """Let go of what is open."""
        if self._scrub is not None:
            self._scrub.close()
