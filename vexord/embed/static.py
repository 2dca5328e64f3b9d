"""The embedded default model: a weighted sum of trained word rows, on NumPy alone.

A text's vector is Σ (1 + ln tf) · weight · row over the rows it names. Chunks and queries have weights of
their own: what tells a query's meaning is not what tells a chunk's.
"""

import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vexord.bags import summed
from vexord.embed.artefact import FOLDER, Artefact, read
from vexord.embed.seam import Documents, Fingerprint, Vectors, quantise
from vexord.embed.tokens import HEADER_WEIGHT, Tokens

_BATCH = 32
"""Texts whose rows are gathered together: enough to hide NumPy's cost a call, a few hundred kB."""


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
        documents = Documents.of(texts)
        in_text, row, counts = _rows_named(documents, tokens, len(artefact.rows))
        weights = _logarithmic(counts.astype(np.float32)) * artefact.chunk_weights[row]
        ends = np.cumsum(np.bincount(in_text, minlength=len(documents))).tolist()
        rows = np.zeros((len(documents), artefact.rows.shape[1]), np.int8)
        first = 0
        for start in range(0, len(documents), _BATCH):
            batch = ends[start : start + _BATCH]
            sums = _sums(first, batch, row, weights, artefact.rows)
            rows[start : start + len(batch)] = quantise(sums)
            first = batch[-1]
        return rows

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions)."""
        artefact, tokens = self._model()
        counted = tokens.query(text)
        row = np.fromiter(counted, np.int64, len(counted))
        counts = np.fromiter(counted.values(), np.float32, len(counted))
        weights = _logarithmic(counts) * artefact.query_weights[row]
        return quantise(_sums(0, [len(row)], row, weights, artefact.rows))

    def _model(self) -> tuple[Artefact, Tokens]:
        with self._lock:
            if self._opened is None:
                artefact = read(self._folder)
                self._opened = artefact, Tokens(artefact.vocabulary)
            return self._opened


def _rows_named(
    documents: Documents, tokens: Tokens, rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (text, row, occurrences), ascending: what `Tokens.chunk` says of each document."""
    found = []
    for bags, weight in ((documents.header_words, HEADER_WEIGHT), (documents.body_words, 1)):
        names, parts = bags.parts
        in_text, row, counts = bags.expanded(parts.through(tokens.rows(names)))
        found.append((in_text, row, counts * weight))
    in_text, row, counts = (np.concatenate(both) for both in zip(*found, strict=True))
    return summed(in_text, row, counts, rows)


def _logarithmic(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    weights: NDArray[np.float32] = np.log(counts) + np.float32(1)
    return weights


def _sums(
    first: int,
    ends: Sequence[int],
    rows: NDArray[np.int64],
    weights: NDArray[np.float32],
    table: NDArray[np.int8],
) -> NDArray[np.float32]:
    """Return the weighted sum of the rows that each text names, shape (len(ends), dimensions).

    Those of a text end at its end, and begin where those of the text before it end, the first at `first`.
    """
    gathered = table[rows[first : ends[-1]]]
    sums = np.empty((len(ends), table.shape[1]), np.float32)
    start = first
    for number, end in enumerate(ends):
        np.dot(weights[start:end], gathered[start - first : end - first].astype(np.float32), out=sums[number])
        start = end
    return sums
