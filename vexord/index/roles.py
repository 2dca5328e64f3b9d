"""What a path says of a file, whatever the query: its role, its platform, its version, its names."""

import re
from dataclasses import dataclass

import numpy as np
import xxhash

from vexord.index.roots import roots

ROLE_DTYPE = np.dtype(
    [
        ("roles", "u1"), ("depth", "u1"), ("name_roots", "u1"), ("place", "<u4"), ("plain_name", "<u4"),
        ("version_of", "<u4"), ("version", "<u4"), ("code_share", "<f4"),
    ]
)  # fmt: skip
"""Of one file: bits of `ROLES`, folders above it, how many of its path's roots are of its name, hashes of
`PathFacts.place`, `plain_name` and `version_of` (0: none), the version, share of its bytes in functions."""
ROLES = ("test", "example", "document", "vendored", "platform", "header")
"""By bit, the lowest first."""

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
    roles: frozenset[str]
    """`test`; `example`: examples, benchmarks, documentation folders; `document`: prose or data by its
    ending; `vendored`: others' code, generated code, code kept for compatibility; `platform`: for one of the
    less common platforms only; `header`: declares what another file defines: `.h`, `.pyi`, `.d.ts`."""
    place: str
    """Its name up to the first dot: what a header and its body share, wherever they lie."""
    version_of: str
    """Of a folder such as `api/v2`: all up to the `v`; empty if there is none."""
    version: int
    depth: int
    """Folders above it."""

    def row(self) -> tuple[int, int, int, int, int, int, int, float]:
        """Return an entry of `ROLE_DTYPE`; the share of code is not known yet."""
        return (
            sum(1 << bit for bit, role in enumerate(ROLES) if role in self.roles),
            min(self.depth, 255),
            min(len(self.name_roots), 255),
            hash_of(self.place),
            hash_of(self.plain_name),
            hash_of(self.version_of),
            min(self.version, 0xFFFF_FFFF),
            0.0,
        )


_ROLE_PATTERNS = {
    "test": _TEST, "example": _EXAMPLE, "document": _DOCUMENT, "vendored": _VENDORED, "platform": _PLATFORM,
    "header": _HEADER,
}  # fmt: skip


def path_facts(path: str) -> PathFacts:
    """Return what a path says; `/`-separated, relative to its project."""
    folder, _, file = path.rpartition("/")
    stem = file.partition(".")[0]
    version = _VERSION.search(path)
    return PathFacts(
        name_roots=roots(file.rpartition(".")[0] or file),
        plain_name=_SIGNS.sub("", (stem or file).lower()),
        folder_roots=roots(folder),
        roles=frozenset(role for role, pattern in _ROLE_PATTERNS.items() if pattern.search(path)),
        place=stem.lower(),
        version_of=version[1] if version else "",
        version=int(version[2]) if version else 0,
        depth=path.count("/"),
    )


def hash_of(text: str) -> int:
    """Return 32 bits for a text, 0 for none."""
    return xxhash.xxh32_intdigest(text.encode("utf-8", "surrogatepass")) if text else 0
