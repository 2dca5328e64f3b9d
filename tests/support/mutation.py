"""Requests near to valid ones, and bytes near to those: each input is told by (seed, number)."""

import json
import random
import string
from collections.abc import Callable
from typing import Any

from vexor_protocol.wire import MAX_REQUEST_BYTES

_WORDS = (
    "socket", "bind", "listening", "parse_header", "TokenBucket", "getUserName", "retry", "backoff", "cart",
    "total", "漢字", "naïve", "ﬀ", "İ", "ß", "a", "foo.bar", "std::vec", "x::y::z", "a/b/c.py", "-x",
    "--long", "!!", "??", "/*", "*/", "//", "\\", "\u200b", "\u2028", "\U0001f600", "\ufeff", "e\u0301",
)  # fmt: skip
_OPERATORS = (
    '"exact text"', '"unbalanced', '""', '"\\""', "/re.ge+x/", "/a|b/i", "/(?i)x{2,5}/", "/[/", "/(/",
    "/a{1001}/", "/(a*)*b/", "/(?=x)/", "/\\1/", "/\\pL+/", "/[[:alpha:]]/", "/.*.*.*x/", "/\\Q.\\E/",
    "/(?P<n>a)/", "re:a.b", 're:"a b"', "re:/x y/i", "re:[", "path:src", "path:**/*.py", "path:[",
    "path:!x", "path:#x", "path:\\", "path:/", "path:**", "file:*.go", "file:a*a*a*b", "lang:go,python",
    "lang:c++", "lang:", "kind:function", "kind:nothing", "kind:def,class", "-word", '-"text"', "-/x/",
    "-path:tests", "-lang:go", "-kind:class", "-re:x",
)  # fmt: skip
_TEXTS: tuple[str, ...] = (
    "", " ", "\0", "a\0b", "\n", "\r\n", "\ud800", "\udcff", "\udfff\ud800", "\uffff", "../..", "/", "//",
    "/.", "/..", "~", "/proc/self/fd", "/dev/null", "/etc/passwd", "." * 300, "/" + "a" * 300, "/a" * 2_000,
    "a" * 4_097, "x" * 32_769, "%s%n", "{}", "None", "true", "-1", "1e9", "c:0:0", "c::",
    "c:00000000:99999999999999999999", "c:\u0661:1", "search", "jsonrpc",
)  # fmt: skip
_NUMBERS: tuple[Any, ...] = (
    0, -1, 1, 2, 10, 1_000, 1_001, 600_000, 600_001, 2**31, 2**32 - 1, 2**32, 2**53, 2**63 - 1, 2**63,
    2**64, -(2**63), -(2**64), 10**40, 10**400, 0.0, -0.0, 0.5, 1.0, 10.0, 1e300, 5e-324, float("inf"),
    float("-inf"), float("nan"),
)  # fmt: skip
_TOKENS = (
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u", b"\\ud800", b"\\udc00", b"\\u0000", b"null",
    b"NaN", b"-Infinity", b"1e999", b"-", b"0", b"1" * 400, b"0.", b"\xff", b"\xc0\x80", b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\0", b"\t", b"/*", b"'", b'"id":1,', b'"id":2,',
    b'"method":"hello",', b'"jsonrpc":"1.0",', b'"params":{},', b"[" * 2_000, b'{"a":' * 2_000,
)  # fmt: skip


class Mutator:
    """Makes input after input from valid requests. The same seed makes the same ones."""

    def __init__(self, requests: list[dict[str, Any]], seed: int) -> None:
        self._texts = [json.dumps(request) for request in requests]
        self._may_multiply = True
        self._keys = sorted({key for request in requests for key in _keys(request)})
        self._random = random.Random(seed)

    def message(self) -> list[bytes]:
        """Return the frames of one message."""
        rng = self._random
        body = self.body()
        chance = rng.random()
        if chance < 0.9:
            return [body]
        if chance < 0.96:
            return [b"", body]
        return [rng.choice((b"", b"x", body)) for _ in range(rng.choice((0, 1, 2, 3, 4, 5, 8)))] + [body]

    def body(self) -> bytes:
        """Return one frame."""
        rng = self._random
        request = json.loads(rng.choice(self._texts))
        self._may_multiply = True
        if "params" in request and "query" in request["params"] and rng.random() < 0.7:
            request["params"]["query"] = self.query()
        for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 3, 6))):
            self._change(request)
        text = json.dumps(
            request, ensure_ascii=rng.random() < 0.6, separators=rng.choice(((",", ":"), (", ", ": ")))
        )
        data = text.encode("utf-8", rng.choice(("surrogatepass", "replace")))
        for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 8))):
            data = self.scratched(data)
        return data[:MAX_REQUEST_BYTES]

    def query(self) -> str:
        """Return a query of words and operators, some of them broken."""
        rng = self._random
        parts = [
            rng.choice(_OPERATORS) if rng.random() < 0.4 else rng.choice(_WORDS)
            for _ in range(rng.choice((1, 1, 2, 3, 5, 20)))
        ]
        text = rng.choice((" ", " ", "", "  ")).join(parts)
        if rng.random() < 0.2:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice((*string.punctuation, "\n", "é")) + text[at:]
        return text * (rng.randrange(2, 400) if rng.random() < 0.01 else 1)

    def scratched(self, data: bytes) -> bytes:
        """Return bytes near to these."""
        rng = self._random
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((1, 1, 2, 8, 64)))
        ways: tuple[Callable[[], bytes], ...] = (
            lambda: data[:at] + data[end:],
            lambda: data[:at] + rng.choice(_TOKENS) + data[at:],
            lambda: data[:at] + rng.choice(_TOKENS) + data[end:],
            lambda: (
                data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
                if at < len(data)
                else data
            ),
            lambda: data[:at] + data[at:end] * rng.choice((2, 3, 100)) + data[end:],
            lambda: data[:at],
            lambda: data[:at] + rng.randbytes(rng.choice((1, 4, 16))) + data[at:],
        )
        return rng.choice(ways)()

    def _change(self, node: dict[str, Any]) -> None:
        """Change one place somewhere below a node."""
        rng = self._random
        at: Any = node
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(at[key], dict | list) and at[key] and rng.random() < 0.75:
                at = at[key]
                continue
            break
        if not keys or (isinstance(at, dict) and rng.random() < 0.2):
            value = self._value(2)
            at.update({rng.choice(self._keys): value}) if isinstance(at, dict) else at.append(value)
        elif rng.random() < 0.15:
            del at[key]
        elif isinstance(at, list) and self._may_multiply and rng.random() < 0.2:
            self._may_multiply = False
            at.extend([at[key]] * rng.choice((1, 64, 100, 1_001)))
        elif isinstance(at[key], str) and rng.random() < 0.5:
            text = at[key]
            cut = rng.randrange(len(text) + 1)
            at[key] = text[:cut] + rng.choice((*_TEXTS, *_WORDS)) + text[cut:]
        else:
            at[key] = self._value(3)

    def _value(self, depth: int) -> Any:  # noqa: PLR0911
        rng = self._random
        kind = rng.randrange(9 if depth else 6)
        if kind < 2:
            return rng.choice(_TEXTS)
        if kind < 4:
            return rng.choice(_NUMBERS)
        if kind == 4:
            return rng.choice((None, True, False))
        if kind == 5:
            return self.query()
        if kind == 6:
            return [self._value(depth - 1) for _ in range(rng.randrange(4))]
        if kind == 7:
            return {rng.choice(self._keys): self._value(depth - 1) for _ in range(rng.randrange(4))}
        deep: Any = rng.choice(_TEXTS)
        for _ in range(rng.choice((3, 9, 65, 400))):
            deep = [deep] if rng.random() < 0.5 else {rng.choice(self._keys): deep}
        return deep


def _keys(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set(node) | {key for value in node.values() for key in _keys(value)}
    return {key for value in node for key in _keys(value)} if isinstance(node, list) else set()
