"""The embedded default model: a weighted sum of trained word rows, on NumPy alone.

A text's vector is Σ (1 + ln tf) · weight · row over the rows it names. Chunks and queries have weights of
their own: what tells a query's meaning is not what tells a chunk's.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vexord.embed.artefact import FOLDER, Artefact, read
from vexord.embed.seam import Fingerprint, Vectors, quantise
from vexord.embed.tokens import Tokens

_BATCH = 32
"""Texts counted before their rows are gathered: enough to hide NumPy's cost a call, a few hundred kB."""


class StaticEmbedder:
    """Trained word rows, summed. Thread-safe; the files are opened on first use.

    Raises:
        ModelError: on first use, if the model's files are missing or damaged.
    """

    def __init__(self, chunker_version: int, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._chunker_version = chunker_version
        self._lock = threading.Lock()
        self._opened: tuple[Artefact, Tokens] | None = None

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        description = self._model()[0].description
        return Fingerprint(
            provider="local",
            endpoint="",
            model=description.name,
            dimensions=description.dimensions,
            chunker=self._chunker_version,
        )

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, shape (len(texts), dimensions)."""
        artefact, tokens = self._model()
        rows = np.zeros((len(texts), artefact.rows.shape[1]), np.int8)
        counts = map(tokens.chunk, texts)
        for start in range(0, len(texts), _BATCH):
            batch = list(islice(counts, _BATCH))
            rows[start : start + len(batch)] = quantise(_sums(batch, artefact.rows, artefact.chunk_weights))
        return rows

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions)."""
        artefact, tokens = self._model()
        return quantise(_sums([tokens.query(text)], artefact.rows, artefact.query_weights))

    def _model(self) -> tuple[Artefact, Tokens]:
        with self._lock:
            if self._opened is None:
                artefact = read(self._folder)
                self._opened = artefact, Tokens(artefact.vocabulary)
            return self._opened


def _sums(
    bags: Sequence[Counter[int]], table: NDArray[np.int8], scalars: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the weighted sum of rows of each bag, shape (len(bags), dimensions)."""
    total = sum(map(len, bags))
    numbers = np.fromiter(chain.from_iterable(bags), np.int64, total)
    counts = np.fromiter(chain.from_iterable(bag.values() for bag in bags), np.float32, total)
    weights = (1.0 + np.log(counts)) * scalars[numbers]
    gathered = table[numbers]
    sums = np.empty((len(bags), table.shape[1]), np.float32)
    start = 0
    for number, bag in enumerate(bags):
        end = start + len(bag)
        np.dot(weights[start:end], gathered[start:end].astype(np.float32), out=sums[number])
        start = end
    return sums
