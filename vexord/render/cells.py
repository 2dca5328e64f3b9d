"""Text as a terminal shows it: harmless characters, display width, cutting."""

import unicodedata

ELLIPSIS = "…"

_HARMLESS = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}
_HARMLESS |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
# line separators, and marks that reorder what is shown ("Trojan Source", CVE-2021-42574)
_REORDERING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_HARMLESS |= dict.fromkeys(_REORDERING, 0xFFFD)
_ESCAPED: dict[int, str | int] = {
    **_HARMLESS,
    **{code: f"\\u{code:04x}" for code in range(0xD800, 0xE000)},
    **{0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)},
}


def clean(text: str) -> str:
    """Return `text` with nothing in it that can drive a terminal, and no lone surrogate.

    Control characters appear as their pictures (`␛`), undecodable bytes as `\\xNN`.
    """
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPED)


def width_of(text: str) -> int:
    """Return the number of terminal columns."""
    return len(text) if text.isascii() else sum(map(char_width, text))


def char_width(char: str) -> int:
    """Return 2 for wide East Asian characters and emoji, 0 for combining and invisible ones, else 1."""
    if char.isascii():
        return 1
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, width: int) -> int:
    """Return how many characters of `text` fit into `width` columns."""
    used = 0
    for count, char in enumerate(text):
        used += char_width(char)
        if used > width:
            return count
    return len(text)


def shorten(text: str, width: int) -> str:
    """Return `text`, cut with an ellipsis if it is wider than `width` columns; empty if `width` < 1."""
    if width < 1:
        return ""
    if len(text) <= width and width_of(text) <= width:
        return text
    return text[: fit(text, width - 1)].rstrip() + ELLIPSIS
