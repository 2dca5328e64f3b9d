"""The embedded default model: the static word vectors that the PyPI package `wordllama` carries.

Only the package's two data files are read (its own loader looks for the tokenizer on a hub when offline). A
text's vector is the mean of its tokens' vectors.
"""

import importlib.util
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from vexord.embed.seam import Fingerprint, Vectors, quantise

MODEL = "wordllama-l2-supercat-256"
DIMENSIONS = 256
_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
_TENSOR = "embedding.weight"
_BATCH_CHARS = 100_000
"""Text embedded at a time: bounds the matrix of counts to a few MB."""


class ModelMissingError(Exception):
    """The model's files are not where they should be; the message names the mend."""


class WordLlamaEmbedder:
    """Static token vectors, averaged. Thread-safe; files are opened on first use.

    Raises:
        ModelMissingError: on first use, if the package or one of its files is missing.
    """

    def __init__(self, chunker_version: int) -> None:
        self._fingerprint = Fingerprint(
            provider="local", endpoint="", model=MODEL, dimensions=DIMENSIONS, chunker=chunker_version
        )
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        return self._fingerprint

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, shape (len(texts), 256)."""
        rows = np.zeros((len(texts), DIMENSIONS), np.int8)
        start = 0
        while start < len(texts):
            end, size = start, 0
            while end < len(texts) and (end == start or size + len(texts[end]) <= _BATCH_CHARS):
                size += len(texts[end])
                end += 1
            rows[start:end] = quantise(self._mean_rows(texts[start:end], self._table32))
            start = end
        return rows

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, 256)."""
        return quantise(self._mean_rows([text], self._table))

    def _mean_rows(
        self, texts: Sequence[str], table: NDArray[np.float16] | NDArray[np.float32]
    ) -> NDArray[np.float32]:
        clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        encodings = self._tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        lengths = np.fromiter((len(e.ids) for e in encodings), np.int64, len(texts))
        if not lengths.any():
            return np.zeros((len(texts), DIMENSIONS), np.float32)
        # The sums of gathered rows as one product: (texts x distinct tokens) counts times the tokens' rows.
        tokens, inverse = np.unique(np.concatenate([e.ids for e in encodings if e.ids]), return_inverse=True)
        cells = np.repeat(np.arange(len(texts)), lengths) * len(tokens) + inverse
        counts = np.bincount(cells, minlength=len(texts) * len(tokens)).reshape(len(texts), len(tokens))
        weights = counts.astype(np.float32) / np.maximum(lengths, 1)[:, None].astype(np.float32)
        rows: NDArray[np.float32] = weights @ table[tokens].astype(np.float32, copy=False)
        return rows

    @cached_property
    def _folder(self) -> Path:
        spec = importlib.util.find_spec("wordllama")
        if spec is None or spec.origin is None:
            raise ModelMissingError(
                "the package wordllama is not installed: pip install --force-reinstall vexord"
            )
        folder = Path(spec.origin).parent
        for name in (_WEIGHTS, _TOKENIZER):
            if not (folder / name).is_file():
                raise ModelMissingError(
                    f"{folder / name} is missing: pip install --force-reinstall wordllama"
                )
        return folder

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        with self._lock:
            tokenizer = Tokenizer.from_file(str(self._folder / _TOKENIZER))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer

    @cached_property
    def _table(self) -> NDArray[np.float16]:
        """The weights as they lie in the file, mapped: a query touches a few rows of them."""
        path = self._folder / _WEIGHTS
        with path.open("rb") as file:
            header_bytes = int.from_bytes(file.read(8), "little")
            header = msgspec.json.decode(file.read(header_bytes))
        tensor = header[_TENSOR]
        begin, _ = tensor["data_offsets"]
        return np.memmap(path, np.float16, "r", offset=8 + header_bytes + begin, shape=tuple(tensor["shape"]))

    @cached_property
    def _table32(self) -> NDArray[np.float32]:
        """The weights as float32 in memory: bulk embedding gathers every row many times."""
        return self._table.astype(np.float32)
