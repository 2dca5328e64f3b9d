"""What made up a score: each step of the ranking told as a share that was added."""

from vexor_protocol.messages import Part

_DIGITS = 4


class Ledger:
    """Follows one file's score through the ranking's steps. The shares add up to `total`.

    Sums and factors may be mixed: a factor's share is what it added to the score that it met.
    """

    def __init__(self) -> None:
        self.total = 0.0
        self._parts: list[Part] = []

    def add(self, part: str, value: float, share: float) -> None:
        """Add `share` to the score because the signal `part` said `value`."""
        self._enter(part, value, share)

    def scale(self, part: str, factor: float) -> None:
        """Multiply the score so far by `factor`; a factor of 1 said nothing and is not told."""
        if factor != 1.0:
            self._enter(part, factor, self.total * (factor - 1.0))

    def parts(self) -> list[Part]:
        """Return the parts in the order of the steps."""
        return self._parts

    def _enter(self, part: str, value: float, share: float) -> None:
        self.total += share
        self._parts.append(Part(part=part, value=round(value, _DIGITS), share=round(share, _DIGITS)))
