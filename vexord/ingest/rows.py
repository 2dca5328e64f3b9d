"""Rows of second models out of their caches, as the index writer asks for them."""

import logging
import sqlite3

import numpy as np
from numpy.typing import NDArray

from vexord.embed.cache import EmbeddingCache
from vexord.embed.kept import Kept, TextKey, open_cache, recall
from vexord.embed.seam import Vectors

logger = logging.getLogger(__name__)


class KeptRows:
    """An `index.refined.RowSource`. Main loop only."""

    def __init__(self, folder: str, kept: Kept) -> None:
        """Open the cache in a folder.

        Raises:
            OSError, sqlite3.Error: it cannot be opened.
        """
        self._folder = folder
        self.failure: sqlite3.Error | None = None
        """Why the cache could not be read, until somebody has seen to it."""
        self._older: dict[str, KeptRows | None] = {}
        self.kept = kept
        self.cache: EmbeddingCache = open_cache(folder, kept)
        self.model = kept.id
        self.key: TextKey = kept.key

    @property
    def dimensions(self) -> int:
        """Length of a row; 0 while none is there."""
        return self.cache.dimensions

    @property
    def title(self) -> str:
        """Names the model for people."""
        told = self.kept.fingerprint
        return (
            f"{told.provider}:{told.model}@{self.dimensions}"
            if self.dimensions
            else f"{told.provider}:{told.model}"
        )

    def rows(self, hashes: NDArray[np.uint64]) -> Vectors:
        """Return the row of each hash, shape (len(hashes), dimensions); zeros where none is known."""
        try:
            return self.cache.rows(hashes)
        except sqlite3.Error as error:
            self.failure = error
            return np.zeros((len(hashes), self.cache.dimensions), np.int8)

    def older(self, model: str) -> "KeptRows | None":
        """Return the rows of a model that was chosen before; None if they cannot be had any more."""
        if model not in self._older:
            self._older[model] = self._open(model)
        return self._older[model]

    def close(self) -> None:
        """Let go of the files."""
        for rows in (self, *filter(None, self._older.values())):
            rows.cache.close()

    def _open(self, model: str) -> "KeptRows | None":
        kept = recall(self._folder, model)
        try:
            return KeptRows(self._folder, kept) if kept is not None else None
        except (OSError, sqlite3.Error) as error:
            logger.warning("rows of an earlier model are left out model=%s error=%s", model, error)
            return None
