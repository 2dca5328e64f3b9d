"""What must not be learnt from: the repositories of the benchmark, and files that are nobody's writing."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

SHINGLES = Path(__file__).parent / "shingles.npy"
_LINES = 4
_SAMPLE = 8
"""One shingle in so many is kept: a copy of any length worth having still shares some."""
_TELLING = 8
"""Letters and digits that a line must have to count."""

# The repositories that the semble benchmark names, with the names of their folders and packages.
_REPOSITORIES = """
aiohttp fastapi flask httpx model2vec pydantic requests starlette axios express redux gin cobra chi
gson commons-lang commons-lang3 lang3 jackson-databind databind guzzle guzzlehttp monolog laravel-
framework laravel illuminate sinatra rack rails railties tokio trpc messagepack-csharp messagepack
ktor cats alamofire click serde serde_json zod nlohmann-json nlohmann phoenix axum vitest
newtonsoft-json newtonsoft.json newtonsoft dapper kotlinx-coroutines exposed circe http4s vapor plug
ecto abseil-cpp absl fmtlib fmt curl redis libuv uv bats-core bats aeson telescope.nvim telescope
lazy.nvim lazy zig nvm bash-it pandoc xmonad mini.nvim mini zls zig-clap
"""
_NAMES = frozenset(_REPOSITORIES.split())
_NOT_WRITTEN = re.compile(
    r"(?:^|/)(?:node_modules|vendor|_vendor|third_party|thirdparty|dist|build|locale|fixtures|testdata|umd|cjs|esm5?"
    r"|_cjs|_esm|bundles|docs?|examples?|benchmarks?)/|\.min\.|\.d\.ts$|\.pb\.|_pb2\.|\.generated\.|\.designer\.",
    re.IGNORECASE,
)


def of_benchmark(package: str, path: str) -> bool:
    """Whether a package or a part of a path has the name of a repository of the benchmark."""
    found = {package.rpartition("/")[2], *path.split("/"), path.rpartition("/")[2].partition(".")[0]}
    return not _NAMES.isdisjoint(name.lower() for name in found)


def not_written(path: str) -> bool:
    """Whether a path says that its file is copied, built or minified."""
    return _NOT_WRITTEN.search(path) is not None


def of_benchmark_text(code: str) -> bool:
    """Whether a text shares four telling lines in a row with the development corpora."""
    return not _known().isdisjoint(_hashes(code))


def shingles(texts: Iterable[str]) -> NDArray[np.uint32]:
    """Return the sampled hashes of every four telling lines that follow each other, distinct and sorted."""
    return np.unique(np.fromiter((number for text in texts for number in _hashes(text)), np.uint32))


def _hashes(text: str) -> Iterator[int]:
    lines = [line for line in (" ".join(line.split()) for line in text.split("\n")) if _tells(line)]
    for start in range(len(lines) - _LINES + 1):
        shingle = "\n".join(lines[start : start + _LINES]).encode("utf-8", "surrogatepass")
        number = xxhash.xxh3_64_intdigest(shingle)
        if number % _SAMPLE == 0:
            yield number >> 32


def _tells(line: str) -> bool:
    return sum(map(str.isalnum, line)) >= _TELLING


@cache
def _known() -> frozenset[int]:
    return frozenset(np.load(SHINGLES).tolist())
