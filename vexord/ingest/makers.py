"""The seam between the refiner and whoever makes rows of a second model, on a thread of his own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from vexor_protocol.health import Degraded, RemoteFigures

from vexord.embed.seam import Vectors

PROVIDER_STATES = frozenset({"provider_refuses", "provider_rests"})
"""Names of the problems that a provider may have."""


class Item(NamedTuple):
    """A text to embed."""

    key: int
    """The hash that names its row."""
    text: str
    path: str


@dataclass(frozen=True, slots=True)
class Made:
    """What came of some texts that were submitted together."""

    hashes: Sequence[int]
    rows: Vectors | None = None
    """One for each hash, shape (len(hashes), dimensions); None if they lie in the cache already."""
    unfit: Sequence[int] = field(default_factory=tuple)
    """Hashes of texts that cannot be embedded; they are not tried again."""


class RowMaker(Protocol):
    """`submit` and `take` are one thread's, which is woken when there is something to take."""

    urgent: bool
    """Whether it is to work at once, not only when nothing else is to be done."""

    def room(self) -> int:
        """Return how many texts it would take now."""
        ...

    def submit(self, project: str, items: Sequence[Item], *, first: bool) -> None:
        """Make these rows, of texts that may be on their way already; `first`: before all that waits."""
        ...

    def forget(self, project: str) -> None:
        """Do not make what only this project wants."""
        ...

    def take(self) -> list[Made]:
        """Return what is done since the last call."""
        ...

    def problem(self) -> Degraded | None:
        """Return why it rests, if it does."""
        ...

    def spent(self) -> RemoteFigures | None:
        """Return what was asked of a provider; None if nothing was, or there is none."""
        ...

    def close(self) -> None:
        """Stop. What is not done is lost, unless it is in the cache."""
        ...
