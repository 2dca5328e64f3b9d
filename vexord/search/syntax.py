"""The query language: phrases, regular expressions, filters and negations out of the words around them.

    "exact text"  /regex/  /regex/i  re:regex  path:GLOB  file:GLOB  lang:NAME  kind:NAME  -word  -"any other"

An operator begins a word of the query and ends one. Whatever is not plainly an operator is text, as it was
written: `std::vec`, `foo -> bar`, `/usr/lib/`, `"unbalanced`, `http://x`. Reading a query never fails.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from vexor_protocol.messages import Filters

Syntax = Literal["operators", "literal", "text"]

_PHRASE = re.compile(r'"((?:\\"|[^"])+)"[.,!?]*(?!\S)')
"""Prose may go on with a comma; `"key": 1` is code."""
_CLASS = r"\[(?:\\.|[^\]\\\n]){0,200}\]"
_REGEX = re.compile(rf"/((?:\\.|{_CLASS}|[^/\\\[\s])(?:\\.|{_CLASS}|[^/\\\[\n])*)/(i?)(?!\S)")
_REGEX_SIGNS = re.compile(r"[\\^$*+?()\[\]{}|]")
"""A regex between slashes holds one of these, or has a flag or a minus, or it could be a path: `/tmp/`."""
_NAMED = re.compile(r'(path|file|lang|language|kind|re):(?!//|:)("(?:\\"|[^"])+"|\S+)(?!\S)')
_NAMED_REGEX = re.compile(r"/(.+)/(i?)", re.DOTALL)
_WORD = re.compile(r"[^\W\d]\w+(?!\S)")
"""What may be negated as a word. One letter (`ls -l`), numbers (`exit -1`) and `--long` are text."""
_TOKEN = re.compile(r"\S+")
_WILDCARDS = re.compile(r"[*?\[]")

_KINDS = {"class": "class", "const": "constant", "def": "function", "fn": "function", "func": "function",
          "mod": "module", "var": "variable"}  # fmt: skip
_LANGUAGES = {
    "c++": "cpp", "c#": "csharp", "cc": "cpp", "cs": "csharp", "el": "elisp", "ex": "elixir", "f#": "fsharp",
    "golang": "go", "hs": "haskell", "js": "javascript", "kt": "kotlin", "md": "markdown", "ml": "ocaml",
    "objective-c": "objc", "pl": "perl", "proto": "protobuf", "py": "python", "rb": "ruby", "rs": "rust",
    "sh": "bash", "shell": "bash", "tex": "latex", "tf": "terraform", "ts": "typescript", "yml": "yaml",
    "zsh": "bash",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TextCondition:
    """What the text of a chunk must hold: a phrase as it stands, or a match of a regular expression."""

    pattern: str
    is_regex: bool = False
    ignore_case: bool = False

    @classmethod
    def phrase(cls, text: str) -> "TextCondition":
        """Return the condition of a quoted text: its case counts if it has capitals (smart case)."""
        return cls(text, ignore_case=text == text.lower())


@dataclass(slots=True)
class Asked:
    """A query as it was read."""

    prose: str = ""
    """What is asked by meaning and by words; the whole text if there is no operator in it."""
    wanted: list[TextCondition] = field(default_factory=list)
    unwanted: list[TextCondition] = field(default_factory=list)
    unwanted_words: list[str] = field(default_factory=list)
    filters: Filters = field(default_factory=Filters)
    unwanted_filters: Filters = field(default_factory=Filters)
    """Its `languages` and `kinds` are refused; paths that are refused stand in `filters.exclude`."""

    @property
    def has_filters(self) -> bool:
        """Whether rows are restricted by path, language or kind."""
        return self.filter_count > len(self.unwanted_words)

    @property
    def filter_count(self) -> int:
        """How many paths, languages, kinds and unwanted words were given."""
        given, refused = self.filters, self.unwanted_filters
        lists = (given.paths, given.exclude, given.languages, given.kinds, refused.languages, refused.kinds)
        return sum(map(len, lists)) + len(self.unwanted_words)

    @property
    def has_operators(self) -> bool:
        """Whether anything but prose was found."""
        return bool(self.wanted or self.unwanted or self.unwanted_words or self.has_filters)


def read_query(text: str, syntax: Syntax = "operators") -> Asked:
    """Read a query; never fails."""
    if syntax == "literal" and text.strip():
        return Asked(wanted=[TextCondition.phrase(text)])
    if syntax != "operators":
        return Asked(prose=text)
    asked = Asked()
    prose: list[str] = []
    token = _TOKEN.search(text)
    while token is not None:
        end = _read_operator(text, token.start(), asked)
        if end is None:
            prose.append(token[0])
        token = _TOKEN.search(text, end or token.end())
    if not prose and not (asked.wanted or asked.unwanted or asked.has_filters):
        return Asked(prose=text)
    asked.prose = " ".join(prose) if asked.has_operators else text
    return asked


def describe(asked: Asked) -> str:
    """Return how a query was read, for a person."""
    parts = [f'the meaning of "{asked.prose}"'] if asked.prose else []
    parts += [_shown(condition) for condition in asked.wanted]
    parts += [f"without {_shown(condition)}" for condition in asked.unwanted]
    parts += [f'without the word "{word}"' for word in asked.unwanted_words]
    given, refused = asked.filters, asked.unwanted_filters
    for name, values in (("path", given.paths), ("language", given.languages), ("kind", given.kinds)):
        parts += [f"{name} {' or '.join(values)}"] if values else []
    for name, values in (("path", given.exclude), ("language", refused.languages), ("kind", refused.kinds)):
        parts += [f"not {name} {' or '.join(values)}"] if values else []
    return ", ".join(parts)


def _shown(condition: TextCondition) -> str:
    return f"/{condition.pattern}/" if condition.is_regex else f'the text "{condition.pattern}"'


def _read_operator(text: str, at: int, asked: Asked) -> int | None:
    """Put the operator that begins at `at` into `asked`; return where it ends, None if there is none."""
    refused = text[at] == "-"
    start = at + refused
    conditions = asked.unwanted if refused else asked.wanted
    phrase = _PHRASE.match(text, start)
    if phrase and phrase[1].strip():
        conditions.append(TextCondition.phrase(phrase[1].replace('\\"', '"')))
        return phrase.end()
    regex = _REGEX.match(text, start)
    if regex and not _is_other_slashed(regex[1], bool(regex[2]) or refused):
        conditions.append(TextCondition(regex[1], is_regex=True, ignore_case=bool(regex[2])))
        return regex.end()
    named = _NAMED.match(text, start)
    if named and _read_named(named[1], _unquoted(named[2]), refused, asked):
        return named.end()
    word = _WORD.match(text, start) if refused else None
    if word:
        asked.unwanted_words.append(word[0])
        return word.end()
    return None


def _is_other_slashed(body: str, marked: bool) -> bool:
    """Whether what stands between slashes is a C comment, or, if nothing marks it as a regex, a path."""
    return body.startswith("*") or not (marked or _REGEX_SIGNS.search(body))


def _unquoted(value: str) -> str:
    quoted = len(value) > 2 and value[0] == value[-1] == '"'
    return value[1:-1].replace('\\"', '"') if quoted else value


def _read_named(name: str, value: str, refused: bool, asked: Asked) -> bool:
    if not value.strip():
        return False
    if name == "re":
        slashed = _NAMED_REGEX.fullmatch(value)
        pattern, flag = (slashed[1], slashed[2]) if slashed else (value, "")
        condition = TextCondition(pattern, is_regex=True, ignore_case=bool(flag))
        (asked.unwanted if refused else asked.wanted).append(condition)
        return True
    if name in ("path", "file"):
        (asked.filters.exclude if refused else asked.filters.paths).append(_glob(value))
        return True
    names = [part.lower() for part in value.split(",") if part]
    filters = asked.unwanted_filters if refused else asked.filters
    if name == "kind":
        filters.kinds += [_KINDS.get(part, part) for part in names]
    else:
        filters.languages += [_LANGUAGES.get(part, part) for part in names]
    return bool(names)


def _glob(value: str) -> str:
    """Return a gitignore-style glob: a value without wildcards is looked for anywhere in the path."""
    if value.startswith("/"):
        return value
    if not _WILDCARDS.search(value):
        return f"**/*{value}*" if not value.endswith("/") else f"**/*{value}"
    return "\\" + value if value[0] in "!#" else value
