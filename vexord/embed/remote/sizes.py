"""How many tokens a text has, about, without the model's tokenizer; and cutting what has too many."""

import math

BYTES_A_TOKEN = 3.0
"""Of code; prose has four and more. Answers correct it."""
_MEMORY = 0.9
_SPARE = 1.05
_BOUNDS = (0.25, 3.0)
"""No byte-level tokenizer makes more than a token of a byte."""


class TokenCounter:
    """Estimates tokens by bytes, corrected by what answers say was counted."""

    def __init__(self) -> None:
        self.factor = 1.0
        """Tokens counted by the provider for one that was estimated by bytes; a moving average."""
        self._heard = False

    def tokens(self, raw: float) -> int:
        """Return about how many tokens the provider will count: rather too many than too few; at least 1."""
        return max(1, math.ceil(raw * self.factor * _SPARE))

    def raw(self, tokens: float) -> float:
        """Return how many raw tokens so many of the provider's are."""
        return tokens / (self.factor * _SPARE)

    def heard(self, raw: float, counted: int) -> None:
        """The provider counted so many for texts of so many raw tokens."""
        if raw <= 0 or counted <= 0:
            return
        ratio = min(max(counted / raw, _BOUNDS[0]), _BOUNDS[1])
        self.factor = _MEMORY * self.factor + (1 - _MEMORY) * ratio if self._heard else ratio
        self._heard = True


def raw_tokens(text: str) -> float:
    """Return the estimate by bytes alone, before it is corrected."""
    return len(text.encode("utf-8", "replace")) / BYTES_A_TOKEN


def cut(text: str, parts: int) -> list[str]:
    """Return the text in about `parts` pieces of about one length, at ends of lines where there are some.

    Joined they are the text. A text of one letter is not cut.
    """
    pieces: list[str] = []
    start = 0
    for part in range(1, parts):
        aim = len(text) * part // parts
        if aim <= start:
            continue
        slack = (len(text) // parts) // 4
        line_end = text.rfind("\n", max(start, aim - slack), aim + slack) + 1
        end = line_end if line_end > start else aim
        pieces.append(text[start:end])
        start = end
    pieces.append(text[start:])
    return [piece for piece in pieces if piece]
