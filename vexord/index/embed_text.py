"""What is embedded for a chunk, and the hashes that tell whether a text has changed."""

import xxhash

from vexord.index.types import Chunk

EMBED_TEXT_VERSION = 2
"""Raised whenever `embed_text` changes; part of the fingerprint's chunker version."""

_PATH_TAIL = 5
"""Components of the path that tell; those above them are alike for most of a project."""


def embed_text(path: str, chunk: Chunk) -> str:
    """Return what is embedded for a chunk: its header, then its text."""
    return f"{embed_header(path, chunk)}\n{chunk.text}"


def embed_header(path: str, chunk: Chunk) -> str:
    """Return the line that says where a chunk stands: path, parent, symbol."""
    tail = path.split("/")[-_PATH_TAIL:]
    tail[-1] = tail[-1].partition(".")[0] or tail[-1]
    return " ".join(name for name in (*tail, chunk.parent, chunk.symbol) if name).replace("\n", " ")


def embed_hash(path: str, chunk: Chunk) -> int:
    """Return the hash of what is embedded: chunks with equal hashes share a vector."""
    return text_hash(embed_text(path, chunk))


def text_hash(text: str) -> int:
    """Return xxh3_64 of the text in UTF-8, an unsigned 64-bit integer."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
