"""The seam between the refiner and whoever makes rows of a second model, on a thread of his own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vexor_protocol.health import Degraded

from vexord.embed.seam import Vectors

PROVIDER_STATES = frozenset({"provider_refuses", "provider_rests", "provider_unusable"})
"""Names of the problems that a provider may have."""
Item = tuple[int, str]
"""The hash that names a row, and the text to embed."""


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

    def submit(self, items: Sequence[Item]) -> None:
        """Make these rows."""
        ...

    def take(self) -> list[Made]:
        """Return what is done since the last call."""
        ...

    def problem(self) -> Degraded | None:
        """Return why it rests, if it does."""
        ...

    def close(self) -> None:
        """Stop. What is not done is lost, unless it is in the cache."""
        ...
