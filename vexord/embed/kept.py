"""What is remembered of a model beside the cache of its rows: it may answer while another is chosen."""

import os
from typing import Literal

import msgspec

from vexord import files
from vexord.embed.cache import MAX_BYTES, EmbeddingCache, cache_name
from vexord.embed.choice import Embedding
from vexord.embed.seam import Fingerprint

PAID_BYTES = 8 << 30
"""Of rows that were paid for: the chunks of some Linux kernels."""
TextKey = Literal["embed_hash", "text_hash"]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A second model, local or remote."""

    fingerprint: Fingerprint
    """As chosen; its dimensions are 0 where only the server can tell them."""
    key: TextKey
    """Which hash of a chunk names its row: that of the text with its header, or of the text alone."""
    chosen: Embedding
    """How its queries are embedded."""

    @property
    def id(self) -> str:
        """Names the rows, in the cache's folder and in the index."""
        return cache_name(self.fingerprint)


def remember(folder: str, kept: Kept) -> None:
    """Write the description beside the cache, if it is not there; whole or not at all, and durable.

    Raises:
        OSError: it cannot be written.
    """
    if recall(folder, kept.id) != kept:
        files.make_dir(folder)
        files.replace_file(_path(folder, kept.id), msgspec.json.encode(kept), durable=True)


def recall(folder: str, model: str) -> Kept | None:
    """Return what is known of a model by its id; None if its description or cache is not there any more."""
    try:
        kept = msgspec.json.decode(files.read_file(_path(folder, model)), type=Kept)
    except (OSError, msgspec.DecodeError):
        return None
    there = os.path.exists(os.path.join(folder, f"{model}.sqlite"))
    return kept if there and kept.id == model else None


def open_cache(folder: str, kept: Kept) -> EmbeddingCache:
    """Open the cache of a model's rows, and describe it.

    Raises:
        OSError, sqlite3.Error: the disk refuses.
    """
    bound = PAID_BYTES if kept.chosen.is_remote else MAX_BYTES
    cache = EmbeddingCache(folder, kept.fingerprint, bound)
    remember(folder, kept)
    return cache


def _path(folder: str, model: str) -> str:
    return os.path.join(folder, f"{model}.json")
