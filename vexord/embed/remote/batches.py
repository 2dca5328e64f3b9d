"""How much goes into one request: halved when it was too large, and grown again while all goes well."""

import math

from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Limits

_GROWTH = 1.5
_BELOW_CEILING = 0.9
_FORGET_AFTER = 100
"""Batches that went well before a size that was once too large is tried again."""


class BatchSize:
    """The largest batch to send now, in texts and in estimated tokens."""

    def __init__(self, limits: Limits, policy: Policy) -> None:
        self._limits = limits
        self._items = float(min(limits.items, policy.first_items))
        self._tokens = float(min(limits.tokens, policy.first_tokens))
        self._item_ceiling = self._token_ceiling = math.inf
        self._proven_items, self._proven_tokens = 0, 0
        """The most that was answered."""
        self._probing = False
        self._well = 0

    @property
    def items(self) -> int:
        """Texts in a batch, at most; at least 1."""
        return max(1, int(min(self._items, self._proven_items) if self._probing else self._items))

    @property
    def tokens(self) -> int:
        """Estimated tokens of a batch, at most; a text that has more goes alone."""
        return max(1, int(min(self._tokens, self._proven_tokens) if self._probing else self._tokens))

    def sent(self, items: int, tokens: int) -> bool:
        """A batch goes out; return whether it tries a new size.

        Until it is `back`, the others are not larger than what was answered before.
        """
        larger = items > self._proven_items or tokens > self._proven_tokens
        probe = larger and not self._probing and self._proven_items > 0
        self._probing = self._probing or probe
        return probe

    def back(self) -> None:
        """The batch that tried a new size came back."""
        self._probing = False

    def too_large(self, items: int, tokens: int) -> bool:
        """A batch of several texts was refused for its size, or took too long.

        Returns whether it is smaller batches that are wanted: not if as large a one was answered before. Then
        one of its texts must be too large.
        """
        if items <= self._proven_items and tokens <= self._proven_tokens:
            return False
        self._item_ceiling, self._token_ceiling = items, tokens
        self._items = max(1.0, min(self._items, items / 2))
        self._tokens = max(1.0, min(self._tokens, tokens / 2))
        self._well = 0
        return True

    def one_was_too_large(self) -> None:
        """It was one text that made a batch too large: the size of batches was no fault."""
        self._item_ceiling = self._token_ceiling = math.inf
        self._items = max(self._items, self._proven_items)
        self._tokens = max(self._tokens, self._proven_tokens)

    def went_well(self, items: int, tokens: int, crowded: bool) -> None:
        """A batch was answered. Only one that was full, and not `crowded`, says that there may be more."""
        self._well += 1
        self._proven_items = max(self._proven_items, items)
        self._proven_tokens = max(self._proven_tokens, tokens)
        if self._well >= _FORGET_AFTER:
            self._well = 0
            self._item_ceiling = self._token_ceiling = math.inf
        if crowded:
            return
        if items >= int(self._items):
            self._items = min(self._items * _GROWTH, self._limits.items, _below(self._item_ceiling))
        if tokens >= _BELOW_CEILING * self._tokens:
            self._tokens = min(self._tokens * _GROWTH, self._limits.tokens, _below(self._token_ceiling))


def _below(ceiling: float) -> float:
    return max(1.0, ceiling * _BELOW_CEILING)
