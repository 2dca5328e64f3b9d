"""What is embedded for a chunk, and the hashes that tell whether a text has changed."""

import xxhash

from vexord.index.types import Chunk

EMBED_TEXT_VERSION = 1
"""Raised whenever `embed_text` changes; part of the fingerprint's chunker version."""


def embed_text(chunk: Chunk) -> str:
    """Return a line that says where the chunk stands (`parent symbol`, if it has either), then its text."""
    breadcrumb = " ".join(name for name in (chunk.parent, chunk.symbol) if name)
    return f"{breadcrumb}\n{chunk.text}" if breadcrumb else chunk.text


def embed_hash(chunk: Chunk) -> int:
    """Return the hash of what is embedded: chunks with equal hashes share a vector."""
    return text_hash(embed_text(chunk))


def text_hash(text: str) -> int:
    """Return xxh3_64 of the text in UTF-8, an unsigned 64-bit integer."""
    return xxhash.xxh3_64_intdigest(text.encode("utf-8", "surrogatepass"))
