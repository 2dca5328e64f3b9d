"""Small files, their vectors and a fingerprint for the tests of the index."""

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.index.embed_text import embed_text
from vexord.index.types import Chunk, FileStamp, IndexedFile

DIMENSIONS = 16


class Model(msgspec.Struct, frozen=True):
    """Stands in for an embedder's fingerprint."""

    model: str = "test"
    dimensions: int = DIMENSIONS


def vector_of(text: str) -> NDArray[np.int8]:
    """A vector that depends on the text alone."""
    seed = xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
    return np.random.default_rng(seed).integers(-127, 128, DIMENSIONS).astype(np.int8)


def make_file(path: str, *texts: str, mtime: int = 1, symbol: str = "", kind: str = "text") -> IndexedFile:
    """A file with one chunk for each text, five lines and a hundred bytes each."""
    chunks = [
        Chunk(5 * i + 1, 5 * i + 5, 100 * i, 100 * i + 100, text, symbol=symbol, parent="", kind=kind)
        for i, text in enumerate(texts)
    ]
    vectors = [vector_of(embed_text(path, chunk)) for chunk in chunks]
    return IndexedFile(
        path=path,
        stamp=FileStamp(size=len("".join(texts)), mtime_ns=mtime, inode=7, ctime_ns=mtime),
        checked_ns=mtime + 100,
        content_hash=xxhash.xxh3_128_digest("\0".join(texts).encode("utf-8", "surrogatepass")),
        language="python" if path.endswith(".py") else "text",
        encoding="utf-8" if len(path) > 1 else "cp1252",
        chunks=chunks,
        vectors=np.array(vectors, np.int8).reshape(len(chunks), DIMENSIONS),
    )
