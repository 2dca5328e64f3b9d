"""What a path says of a file, whatever the query: its role, its platform, its version, its names."""

import re
from dataclasses import dataclass
from functools import lru_cache

from vexord.search.words import roots

_CACHE_ENTRIES = 1 << 16
_DEPTH_SCALE = 5.0

_TEST = re.compile(
    r"(^|/)(tests?|testing|specs?|__tests__|testdata|testsuite|mocks?|fixtures?|e2e)(/|$)"
    r"|(^|/)(test_|conftest)[^/]*$|([._-](test|spec)|_tests?|Tests?|Spec)\.[^/.]+$"
)
_EXAMPLE = re.compile(
    r"(^|/)_?(examples?|samples?|demos?|playground|tutorials?|docs?|docs_src|documentation|bench(marks?)?)(/|$)"
)
_DOCUMENT = re.compile(
    r"\.(md|mdx|rst|txt|markdown|adoc|html?|json|ya?ml|toml|xml|csv|cfg|ini|lock|svg|po|pot)$"
    r"|(^|/)(changelog|changes|history|news|licen[cs]e|copying|readme|authors|notice)([-_][^/.]*)?$",
    re.IGNORECASE,
)
_VENDORED = re.compile(
    r"(^|/)_?(vendor(ed)?|third_?party|node_modules|extern(al)?|bundled|contrib|dist|generated|gen|legacy|compat"
    r"|deprecated)(/|$)|\.min\.|_pb2|\.pb\.",
    re.IGNORECASE,
)
_PLATFORM = re.compile(
    r"(^|[/_.-])(win|win32|windows|aix|sunos|solaris|os390|zos|ibmi|haiku|cygwin|netbsd|openbsd|freebsd"
    r"|dragonfly|qnx|vxworks|hurd|os400|amiga|msdos|plan9|uefi|wasi|emscripten|macos|darwin|apple)([/_.-]|$)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\.(h|hh|hpp|hxx|pyi|pxd|mli|d\.[cm]?ts)$")
_SIGNS = re.compile(r"\W|_")
_VERSION = re.compile(r"(?:^|/)((?:[^/]+/)*?v)(\d+)(?=/)")


@dataclass(frozen=True, slots=True)
class PathFacts:
    """What is known of one path."""

    name_roots: tuple[str, ...]
    """Of the file's name without its ending."""
    plain_name: str
    """The same up to its first dot, in lower case, without signs."""
    folder_roots: tuple[str, ...]
    test: bool
    example: bool
    """Examples, benchmarks, documentation folders."""
    document: bool
    """Prose or data by its ending."""
    vendored: bool
    """Others' code, generated code, code kept for compatibility."""
    platform: bool
    """For one of the less common platforms only."""
    header: bool
    """Declares what another file defines: `.h`, `.pyi`, `.d.ts`."""
    place: str
    """Its name up to the first dot: what a header and its body share, wherever they lie."""
    versions: tuple[tuple[str, int], ...]
    """Folders such as `api/v2`: all up to the `v`, and the number."""
    depth: float
    """Folders above it, in fives."""


@lru_cache(maxsize=_CACHE_ENTRIES)
def path_facts(path: str) -> PathFacts:
    """Return what a path says; `/`-separated, relative to its project."""
    folder, _, file = path.rpartition("/")
    return PathFacts(
        name_roots=roots(file.rpartition(".")[0] or file),
        plain_name=_SIGNS.sub("", (file.partition(".")[0] or file).lower()),
        folder_roots=roots(folder),
        test=_TEST.search(path) is not None,
        example=_EXAMPLE.search(path) is not None,
        document=_DOCUMENT.search(path) is not None,
        vendored=_VENDORED.search(path) is not None,
        platform=_PLATFORM.search(path) is not None,
        header=_HEADER.search(path) is not None,
        place=file.partition(".")[0].lower(),
        versions=tuple((match[1], int(match[2])) for match in _VERSION.finditer(path)),
        depth=path.count("/") / _DEPTH_SCALE,
    )
