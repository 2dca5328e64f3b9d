"""What is to be embedded: texts, their pieces, and the requests that carry them."""

import asyncio
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vexord.embed.remote.seam import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A text that a project wants embedded."""

    key: int
    """Its hash, under which the row is kept."""
    name: str
    """What stands for it in `status`, such as a path and a line."""
    text: str


@dataclass(slots=True, eq=False)
class Text:
    """A text to embed, whole or in pieces."""

    key: int
    name: str
    """What stands for it in `status`: a place, never the text."""
    projects: set[str] = field(default_factory=set)
    """Who waits for it; empty for a question."""
    future: "asyncio.Future[NDArray[np.float32]] | None" = None
    """Of a question."""
    open_pieces: int = 1
    flying: int = 0
    """Pieces on their way."""
    done: bool = False
    """Whether its row came, or it was given up."""
    rows: list[tuple[NDArray[np.float32], float]] = field(default_factory=list)
    """Of pieces that were answered, with their raw tokens."""

    @property
    def over(self) -> bool:
        """Whether nothing more of it is to be sent."""
        return self.future.done() if self.future is not None else self.done or not self.projects

    @property
    def forgotten(self) -> bool:
        """Whether nobody waits for it, and nothing of it is to come."""
        return not (self.projects or self.flying or self.done)

    def answered(self, row: NDArray[np.float32], raw: float) -> NDArray[np.float32] | None:
        """Keep a piece's row; return the text's row, shape (d,), when it is whole.

        Of several pieces it is their mean, weighted by tokens, as OpenAI's cookbook has it ("Embedding texts
        that are longer than the model's maximum context length").
        """
        self.rows.append((row, raw))
        if len(self.rows) < self.open_pieces:
            return None
        if len(self.rows) == 1:
            return row
        rows, weights = zip(*self.rows, strict=True)
        mean: NDArray[np.float32] = np.average(rows, axis=0, weights=weights)
        return mean.astype(np.float32)


@dataclass(slots=True, eq=False)
class Piece:
    """What one place of a request carries: a text, or a part of one."""

    text: Text
    content: str
    raw: float
    """Tokens as estimated by its bytes (`sizes.raw_tokens`)."""
    sent: bool = False
    """Whether it was sent before."""
    strikes: int = 0
    """How often it was answered badly, or not at all, where others were answered well."""


@dataclass(slots=True, eq=False)
class Job:
    """Pieces that go together."""

    pieces: list[Piece]
    side: Side
    failures: int = 0
    """Times it was sent in vain."""
    not_before: float = 0.0
    probe: bool = False
    """Whether it is the batch that tries a new size."""
    part: bool = False
    """Whether it is part of a job that was not taken; its size then tells nothing."""

    @property
    def raw(self) -> float:
        """Raw tokens of all pieces."""
        return sum(piece.raw for piece in self.pieces)

    @property
    def again(self) -> bool:
        """Whether some of it was sent before, in vain."""
        return any(piece.sent for piece in self.pieces)

    def halves(self) -> tuple["Job", "Job"]:
        """Return two jobs of half the pieces each."""
        middle = len(self.pieces) // 2
        return (
            Job(self.pieces[:middle], self.side, part=True),
            Job(self.pieces[middle:], self.side, part=True),
        )
