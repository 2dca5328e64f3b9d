"""Hands rows to who keeps them, at once, and holds on to those that cannot be kept yet."""

import logging
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from vexord.embed.seam import Vectors

logger = logging.getLogger(__name__)


class Sink(Protocol):
    """Where rows go. Called in the client's loop, so it should be quick."""

    def keep(self, keys: Sequence[int], rows: Vectors, projects: Mapping[str, int]) -> None:
        """Keep one row for each key, shape (len(keys), dimensions); they are paid for.

        Whatever it raises, the rows are held and offered again, and nothing new is bought meanwhile.
        `projects` says how many of the texts each project waited for.
        """
        ...

    def set_aside(self, key: int, name: str, reason: str) -> None:
        """This text cannot be embedded by this provider."""
        ...


@dataclass(frozen=True, slots=True)
class Parcel:
    """Rows that came with one answer."""

    keys: list[int]
    rows: Vectors
    projects: Counter[str]


class Delivery:
    """Parcels on their way to the sink, in order."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parcels: deque[Parcel] = deque()

    def __len__(self) -> int:
        """Rows that could not be kept yet."""
        return sum(len(parcel.keys) for parcel in self._parcels)

    def add(self, parcel: Parcel) -> list[int]:
        """Keep a parcel, after those before it; return the keys that were kept."""
        self._parcels.append(parcel)
        return self.flush()

    def flush(self) -> list[int]:
        """Offer what waits; return the keys that were kept."""
        kept: list[int] = []
        while self._parcels:
            parcel = self._parcels[0]
            try:
                self._sink.keep(parcel.keys, parcel.rows, parcel.projects)
            except Exception:  # a full disk, a locked database: the rows must outlast whatever it is
                logger.exception("%d rows that are paid for cannot be kept yet", len(self))
                break
            kept += self._parcels.popleft().keys
        return kept

    def set_aside(self, key: int, name: str, reason: str) -> None:
        """Tell the sink that a text is given up."""
        self._sink.set_aside(key, name, reason)
