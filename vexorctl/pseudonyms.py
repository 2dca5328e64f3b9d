"""Takes out of a text whatever may be the user's: paths, names, contents; what is left are our own words.

Paths become the same pseudonym throughout a report, and another one in the next. Of the rest a word stays if
it stands in our own source code: a name that slipped through every pattern does not.
"""

import errno
import hashlib
import importlib.util
import os
import re
import secrets
import signal
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path

_PACKAGES = ("vexord", "vexorctl", "vexor_protocol")
_EXTENSIONS = frozenset(
    {
        "c",
        "cc",
        "cpp",
        "cs",
        "css",
        "dart",
        "ex",
        "go",
        "h",
        "hpp",
        "hs",
        "html",
        "ipynb",
        "java",
        "jl",
        "js",
        "json",
    }
    | {
        "jsx",
        "kt",
        "lua",
        "md",
        "ml",
        "php",
        "pl",
        "py",
        "r",
        "rb",
        "rs",
        "scala",
        "sh",
        "sql",
        "svelte",
        "swift",
    }
    | {"toml", "ts", "tsx", "txt", "vue", "xml", "yaml", "yml", "zig", "npy", "tv", "sqlite", "log"}
)
"""These are told: what goes wrong often goes wrong in one language."""
_WORD = re.compile(r"[^\W\d_]+")
_QUOTED = re.compile(
    r"""(?P<key>\breason=)?(?P<quote>['"])(?P<text>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)"""
)
_PATH = re.compile(r"(?<![\w~])(?:~|\.{1,2})?/[^\s'\"\[\](),:;]+|(?<![\w/])[\w.-]+/[\w./-]+")
_MARK = re.compile(r"\x00(\d+)\x00")
_SHORT = frozenset({"t", "z", "mb", "gb", "kb", "ms", "s", "pid", "no", "errno", "x"})


class Pseudonyms:
    """Pseudonyms of one report."""

    def __init__(self, known: Mapping[str, str]) -> None:
        """`known`: folders and what they are called, e.g. `/home/me/src/shop` → `P1`."""
        self._known = sorted(((k, v) for k, v in known.items() if k), key=lambda item: -len(item[0]))
        self._salt = secrets.token_bytes(16)
        self._words = _vocabulary()
        self._own = list(_own_folders())
        self._short = {"/".join(path.parts[-2:]) for path in _sources()}

    def path(self, path: str) -> str:
        """Return what a path is called: `P1/4f21a0.py`; of our own files their names."""
        if path in self._short:
            return path
        for prefix, name in self._own:
            if path == prefix or path.startswith(prefix + "/"):
                return f"{name}{path[len(prefix) :]}"
        for folder, name in self._known:
            if path == folder:
                return name
            if path.startswith(folder + "/"):
                return f"{name}/{self._hashed(path[len(folder) + 1 :])}"
        return self._hashed(path)

    def text(self, text: str) -> str:
        """Return a text in which no name, path or content of the user's is left."""
        kept: list[str] = []

        def keep(replacement: str) -> str:
            kept.append(replacement)
            return f"\0{len(kept) - 1}\0"

        def quoted(match: "re.Match[str]") -> str:
            if match["key"]:
                return match[0]
            inner = match["text"]
            return keep(f"'{self.path(inner) if '/' in inner else self._hashed(inner)}'" if inner else "''")

        text = _QUOTED.sub(quoted, text.replace("\0", ""))
        for folder, _ in self._known:  # they may hold spaces
            below = re.compile(re.escape(folder) + r"(?:/[^\s'\"\[\](),:;]*)?(?![\w.-])")
            text = below.sub(lambda match: keep(self.path(match[0])), text)
        text = _PATH.sub(lambda match: keep(self.path(match[0])), text)
        text = _WORD.sub(lambda match: match[0] if self._is_ours(match[0]) else "~", text)
        return _MARK.sub(lambda match: kept[int(match[1])], text)

    def _is_ours(self, word: str) -> bool:
        return word.lower() in self._words or word.lower() in _SHORT

    def _hashed(self, name: str) -> str:
        digest = hashlib.blake2b(
            name.encode("utf-8", "surrogateescape"), key=self._salt, digest_size=3
        ).hexdigest()
        extension = name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name else ""
        return f"{digest}.{extension}" if extension in _EXTENSIONS else digest


def _vocabulary() -> frozenset[str]:
    """Every word of our own source code, and of what the system says of errors and signals."""
    texts = [path.read_text("utf-8", "replace") for path in _sources()]
    texts += [os.strerror(number) for number in errno.errorcode]
    texts += [signal.strsignal(number) or "" for number in signal.valid_signals()]
    return frozenset(word.lower() for text in texts for word in _WORD.findall(text))


def _sources() -> list[Path]:
    return [path for folder in _package_folders() for path in sorted(Path(folder).rglob("*.py"))]


def _package_folders() -> Iterator[str]:
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)  # finds, does not import
        yield from (spec.submodule_search_locations or ()) if spec is not None else ()


def _own_folders() -> Iterator[tuple[str, str]]:
    """Folders of programs, whose files are no user's: their tails may be told."""
    for folder in _package_folders():
        yield folder, os.path.basename(folder)
    paths = sysconfig.get_paths()
    for key in ("purelib", "platlib", "stdlib"):
        yield paths[key], "lib"
    yield os.path.dirname(sys.executable), "bin"
    yield sys.base_prefix, "python"
