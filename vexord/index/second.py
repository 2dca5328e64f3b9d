"""The second model's rows of one index: whose rows answer, whose are being made, and what is written when."""

import logging
from collections.abc import Container, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.index.manifest import RefinedRecord, SegmentRecord
from vexord.index.refined import RowSource, write_refined
from vexord.index.segment import Segment
from vexord.index.store import GenerationStore
from vexord.index.table import FileTable, LiveSegment

logger = logging.getLogger(__name__)


class SecondRows:
    """A part of the index writer, which publishes what this has written.

    If the index has rows of an earlier model whose source can still be had, that model goes on answering, for
    new segments too as far as it knows their texts, until `switch` puts the new one's in their place.
    """

    def __init__(self, store: GenerationStore, table: FileTable, source: RowSource | None) -> None:
        self._store = store
        self._table = table
        self._answering = source
        self._next: RowSource | None = None

    def go_on_with(self, listed: Sequence[SegmentRecord]) -> None:
        """Let an earlier model answer, if the rows of a generation are its."""
        models = {record.refined.model for record in listed if record.refined is not None}
        if self._answering is None or len(models) != 1 or self._answering.model in models:
            return
        earlier = self._answering.older(models.pop())
        if earlier is not None:
            self._answering, self._next = earlier, self._answering

    @property
    def model(self) -> str | None:
        """The model that answers."""
        return self._answering.model if self._answering is not None else None

    @property
    def switching(self) -> bool:
        """Whether an earlier model answers until `switch`."""
        return self._next is not None

    def counts(self) -> tuple[int, int]:
        """Return live chunks that have a published row (at most), and live chunks."""
        known = 0
        for live in self._table.segments.values():
            if live.refined is not None:
                known += min(live.refined.count, live.load().live)
        return known, self._table.chunks

    def lacking(self) -> list[tuple[Segment, NDArray[np.bool_]]]:
        """Return the segments without some row of the newest model, newest first, with their dead files."""
        return [
            (live.segment, live.dead)
            for live in reversed(self._table.segments.values())
            if self.switching or live.refined is None or live.refined.count < live.segment.rows
        ]

    def with_rows(self, segment: Segment, record: SegmentRecord) -> SegmentRecord:
        """Give a new segment what is known of its rows; it can do without."""
        if self._answering is None:
            return record
        try:
            refined = write_refined(self._store.folder, segment, self._answering)
        except OSError as error:
            logger.warning("rows of the second model not written, they follow later: %s", error)
            refined = None
        return msgspec.structs.replace(record, refined=refined)

    def rows_of(self, segment: str) -> int:
        """Return the number of rows of a segment by its name; 0 if it has gone."""
        return next(
            (live.segment.rows for live in self._table.segments.values() if live.segment.name == segment), 0
        )

    def refine(self, only: Container[str] | None = None) -> bool:
        """Write what the answering model has come to know since; return whether that is anything.

        `only`: names of the segments to look at; None for all.

        Raises:
            OSError: what was written so far counts.
        """
        changed = False
        for live in self._table.segments.values():
            before = live.refined
            if self._answering is None or (only is not None and live.segment.name not in only):
                continue
            if before is not None and before.count == live.segment.rows:
                continue
            above = before.count if before is not None else 0
            after = write_refined(self._store.folder, live.segment, self._answering, above)
            if after is not None:
                self._replace(live, after)
                changed = True
        return changed

    def switch(self) -> bool:
        """Write all rows of the new model, and put them in the earlier one's place; False if none is new.

        Raises:
            OSError: nothing has changed then.
        """
        if self._next is None:
            return False
        segments = list(self._table.segments.values())
        written = [write_refined(self._store.folder, live.segment, self._next) for live in segments]
        for live, refined in zip(segments, written, strict=True):
            self._replace(live, refined)
        self._answering, self._next = self._next, None
        return True

    def _replace(self, live: LiveSegment, refined: RefinedRecord | None) -> None:
        if live.refined is not None:
            self._store.retire(live.segment.name, live.refined.file)
        live.refined = refined
