"""Sentence models on ONNX through fastembed as a second model; it comes with the extra `fastembed`."""

import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from vexord.embed.artefact import ModelError
from vexord.embed.seam import Fingerprint, Vectors, quantise

_MEND = "pip install 'vexord[fastembed]'"


class FastembedModel:
    """One thread's work at a time. Thread-safe; loaded, and fetched if need be, on first use.

    Raises:
        ModelError: on creation, if fastembed is not installed, or does not know the model; on first use, if
            the weights cannot be fetched.
    """

    def __init__(self, name: str, chunk_format: int = 0) -> None:
        try:
            from fastembed import TextEmbedding
        except ImportError:
            raise ModelError(f"the model {name} needs fastembed; run: {_MEND}") from None
        known = {str(model["model"]).lower(): model for model in TextEmbedding.list_supported_models()}
        if name.lower() not in known:
            raise ModelError(f"fastembed knows no model {name}; see fastembed's list of supported models")
        self._name = str(known[name.lower()]["model"])
        self._dimensions = int(known[name.lower()]["dim"])
        self._chunk_format = chunk_format
        self._lock = threading.Lock()
        self._loaded: Any = None

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        return Fingerprint(
            provider="local",
            endpoint="",
            model=f"fastembed:{self._name}",
            dimensions=self._dimensions,
            chunker=self._chunk_format,
        )

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, shape (len(texts), dimensions)."""
        return self._rows(self._load().passage_embed(list(map(_readable, texts)), batch_size=1))

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions)."""
        return self._rows(self._load().query_embed(_readable(text)))

    def unload(self) -> None:
        """Give the memory back until the next use."""
        with self._lock:
            self._loaded = None

    def _rows(self, found: Iterable[Any]) -> Vectors:
        rows = np.array([np.asarray(row, np.float32) for row in found], np.float32)
        return quantise(rows.reshape(-1, self._dimensions))

    def _load(self) -> Any:
        with self._lock:
            if self._loaded is None:
                from fastembed import TextEmbedding

                try:
                    self._loaded = TextEmbedding(self._name, threads=1)
                except Exception as error:  # whatever its download raises
                    raise ModelError(f"{self._name} cannot be loaded ({type(error).__name__})") from None
            return self._loaded


def _readable(text: str) -> str:
    """Paths may hold bytes that are not UTF-8."""
    return text.encode("utf-8", "replace").decode()
