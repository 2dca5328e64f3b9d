"""Identifiers and prose cut into words: the one rule of keyword terms and of the embedded model.

The model's rows were trained on these words, so a change here needs a newly trained model
(`tests/unit/embed/test_model.py` notices).
"""

import re
import unicodedata
from functools import cache, lru_cache

WORD = re.compile(r"\w+")
_PART = re.compile(
    r"[A-Z]{2,}s(?![^\W\d_A-Z])"  # plural of an acronym: URLs
    r"|[A-Z]+(?![^\W\d_A-Z])"  # an acronym, less the capital that begins the next word: HTTP|Server
    r"|[A-Z]?[^\W\d_A-Z]+"
    r"|\d+"
)
_PART_OR_END = re.compile(_PART.pattern + r"|\n")
_WIDE_CHARS = r"\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Scripts written without spaces; a run of them is a phrase, so it is cut into pairs."""
WIDE_RUN = re.compile(f"[{_WIDE_CHARS}]{{2,}}")
MAX_PARTS = 32
"""A word of more is not taken apart."""
_PARTS_KEPT = 1 << 17
"""Keyword terms and the model ask for the same words, one after the other."""
_STEMS_KEPT = 1 << 16

_IRREGULAR = {
    "alias": "alias", "aliases": "alias", "cookies": "cookie", "ids": "id", "indices": "index",
    "matrices": "matrix", "statuses": "status", "vertices": "vertex",
}  # fmt: skip
_DROP_ES = re.compile(r"(?:ss|sh|x|zz|[nrt]ch)es$")
_KEEP_S = re.compile(r"(?:us|ss)$")


# Not at the start: most texts need neither, and so large classes of characters take long to compile.
@cache
def _script_edge() -> re.Pattern[str]:
    wide, narrow = f"[{_WIDE_CHARS}]", rf"[^\W{_WIDE_CHARS}]"
    return re.compile(f"(?<={wide})(?={narrow})|(?<={narrow})(?={wide})")


@cache
def _wide() -> re.Pattern[str]:
    return re.compile(f"[{_WIDE_CHARS}]")


def normal(text: str) -> str:
    """Return a text with each letter written in one way (NFKC), and with spaces between scripts.

    In `使用IndexWriter`, `IndexWriter` is a word, though nothing sets it off.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return _script_edge().sub(" ", text) if _wide().search(text) else text


@lru_cache(_PARTS_KEPT)
def parts(word: str) -> tuple[str, ...]:
    """Return the parts of an identifier in lower case, without plural endings: a match of `WORD`."""
    found = _PART.findall(word)
    if len(found) > MAX_PARTS:  # a digest or base64, not a name
        return (word.lower().strip("_"),)
    if not word.isascii():  # capitals mark no parts outside ASCII: they may be any alphabet's
        wide = _wide().search(word)
        found = (
            [word[i : i + 2] for i in range(max(1, len(word) - 1))] if wide else word.strip("_").split("_")
        )
    return tuple(map(stem_of_part, found))


def cut_lines(text: str) -> list[str]:
    """Return the parts, as they are written, of the ASCII words of a text that has one word a line.

    A line feed stands behind those of each word; `stem_of_part` makes of them what `parts` returns.
    """
    return _PART_OR_END.findall(text)


def stem(word: str) -> str:
    """Take an English plural ending off a lower-case word."""
    irregular = _IRREGULAR.get(word)
    if irregular is not None:
        return irregular
    if len(word) <= 3 or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if _DROP_ES.search(word):
        return word[:-2]
    return word if _KEEP_S.search(word) else word[:-1]


class _StemCache(dict[str, str]):
    """Part as written → its stem in lower case, filled on demand; emptied when full."""

    def __missing__(self, part: str) -> str:
        found = stem(part.lower())
        if len(self) >= _STEMS_KEPT:
            self.clear()
        self[part] = found
        return found


stem_of_part = _StemCache().__getitem__
