"""Takes documentation off a definition: the comment before it, or the docstring within it."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"\s*(?://|#(?!include|define|if|el|end|pragma|import|undef|!\[|\[)|--|;|\*)")
_MARKS = re.compile(r"^\s*(?:///?!?|//|#+!?|--+\s?\|?|;+|/\*[*!]?|\*/|\*)\s?")
_BLOCK_END = re.compile(r"\*+/\s*$|-\}\s*$")
_TAGS = re.compile(
    r"\n\s*(?:@(?!brief|link|code)\w+|\\(?!brief)\w+|:\w+ ?\w*:|Args:|Arguments:|Returns?:|Raises:"
    r"|Parameters\b|Examples?\b|#+ |```|<pre>|>>>|\.\. |- (?:Parameters?|Returns|Throws)\b)"
    r"|</summary>|<(?:param|returns|exception|remarks|typeparam|example|value)\b"
)
_INLINE_TAGS = re.compile(r"<[^<>\n]{1,40}>|\{@\w+ ([^}]*)\}|[@\\]brief\b|:\w+:(?=`)|`+|\*\*")
_BOILERPLATE = re.compile(
    r"copyright|licen[cs]e|\btodo\b|fixme|eslint|generated|spdx|noqa|pylint|mypy:|@ts-|nolint|clang-format"
    r"|do not edit|http[s]?://\S+$",
    re.IGNORECASE,
)
_DOCSTRING = re.compile(r""":[ \t]*\n\s*[rRuU]?(\"{3}|'{3})(.*?)\1[ \t]*\n""", re.DOTALL)
_MODULE_ATTRIBUTE = re.compile(
    r"^\s*@(?:module|type)?doc ~?[sS]?\"{3}\n(.*?)\n\s*\"{3}[ \t]*\n", re.DOTALL | re.MULTILINE
)
_DOCSTRING_LINES = 15
_DOCSTRING_CHARS = 3_000
_MAX_CHARS = 400
_MIN_WORDS, _MAX_WORDS = 3, 80
_MIN_LETTERS = 0.6
_MIN_BEFORE, _MIN_AFTER = 3, 3
_NEXT_LINES = 14


@dataclass(frozen=True, slots=True)
class Documented:
    """A definition apart from what documents it."""

    text: str
    """Empty if nothing does."""
    code: str


def documented(code: str, language: str) -> Documented:
    """Separate the documentation of a chunk from the chunk."""
    if language == "python":
        return _docstring(code)
    if language == "elixir" and (found := _MODULE_ATTRIBUTE.search(code)):
        return Documented(sentence(found[1].split("\n")), code[: found.start()] + code[found.end() :])
    return _leading(code)


def remarks(code: str) -> list[Documented]:
    """Return the one-line comments within a chunk, each with the lines that follow it."""
    lines = code.split("\n")
    found = []
    for number in range(_MIN_BEFORE, len(lines) - _MIN_AFTER):
        before, line, after = lines[number - 1 : number + 2]
        if _LINE.match(line) and not _LINE.match(before) and not _LINE.match(after) and "/*" not in line:
            text = sentence([line])
            if text:
                found.append(Documented(text, "\n".join(lines[number + 1 : number + 1 + _NEXT_LINES])))
    return found


def sentence(lines: list[str]) -> str:
    """Return the first paragraph of a comment as prose; empty if it is boilerplate, too short or too long."""
    text = "\n".join(_BLOCK_END.sub("", _MARKS.sub("", line)).strip() for line in lines).strip()
    text = _TAGS.split(f"\n{text}")[0].strip().split("\n\n")[0]
    text = " ".join(_INLINE_TAGS.sub(r" \1", text).split())
    if len(text) > _MAX_CHARS:
        text = text[:_MAX_CHARS].rpartition(" ")[0]
    letters = sum(map(str.isalpha, text))
    fits = _MIN_WORDS <= len(text.split()) <= _MAX_WORDS and letters > _MIN_LETTERS * len(text)
    return text if fits and not _BOILERPLATE.search(text) else ""


def _docstring(code: str) -> Documented:
    found = _DOCSTRING.search(code[:_DOCSTRING_CHARS])
    if found is None or code.count("\n", 0, found.start()) >= _DOCSTRING_LINES:
        return Documented("", code)
    bare = code[: found.start() + 1] + "\n" + code[found.end() :]
    return Documented(sentence(found[2].split("\n")), bare)


def _leading(code: str) -> Documented:
    lines = code.split("\n")
    start = next((number for number, line in enumerate(lines) if line.strip()), 0)
    end, block = start, ""
    while end < len(lines):
        line = lines[end].strip()
        block = block or ("*/" if line.startswith("/*") else "-}" if line.startswith("{-") else "")
        if block:
            block = "" if block in line else block
        elif not line or not _LINE.match(line):
            break
        end += 1
    if end == start or end == len(lines):
        return Documented("", code)
    return Documented(sentence(lines[start:end]), "\n".join(lines[end:]))
