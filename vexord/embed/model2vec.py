"""Static models of the model2vec kind as a second model: a folder, or a name on the Hugging Face hub.

A text's vector is the mean of its tokens' rows. The files are read here; only the tokeniser is a library's.
"""

import importlib.util
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.embed.artefact import ModelError
from vexord.embed.seam import Fingerprint, Vectors, quantise

_DTYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "I8": "i1"}
_FILES = ("model.safetensors", "tokenizer.json", "config.json")
_MAX_CHARS = 20_000
"""Of a text; the rest of a longer chunk has no part in its row. Chunks are a tenth of it."""
_MEND = "pip install 'vexord[transformer]'"


class StaticModel:
    """Thread-safe; loaded on first use.

    Raises:
        ModelError: on creation, if the package `tokenizers` or a file is missing, or if a file is not what it
            should be.
    """

    def __init__(self, name: str, chunk_format: int = 0) -> None:
        """`name`: a folder, or a repository on the hub, which is downloaded once."""
        if importlib.util.find_spec("tokenizers") is None:
            raise ModelError(f"the model {name} needs tokenizers; run: {_MEND}")
        self._folder = _folder_of(name)
        self._lock = threading.Lock()
        self._loaded: tuple[Any, _Tables] | None = None
        weights = self._folder / "model.safetensors"
        try:
            header, _ = _header(weights)
            dimensions = header["embeddings"].shape[1]
            digest = xxhash.xxh3_64_hexdigest(weights.read_bytes())
        except (OSError, ValueError, KeyError, IndexError, msgspec.MsgspecError) as error:
            raise ModelError(f"{weights} is no model of this kind ({error})") from None
        self.fingerprint = Fingerprint(
            provider="local",
            endpoint="",
            model=f"model2vec:{Path(name).name}-{digest[:8]}",
            dimensions=dimensions,
            chunker=chunk_format,
        )

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, shape (len(texts), dimensions)."""
        tokenizer, tables = self._load()
        readable = [text[:_MAX_CHARS].encode("utf-8", "replace").decode() for text in texts]
        rows = np.zeros((len(texts), self.fingerprint.dimensions), np.float32)
        for number, encoded in enumerate(tokenizer.encode_batch(readable, add_special_tokens=False)):
            rows[number] = tables.mean(np.array(encoded.ids, np.int64))
        return quantise(rows)

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions)."""
        return self.embed_chunks([text])

    def unload(self) -> None:
        """Give the memory back until the next use."""
        with self._lock:
            self._loaded = None

    def _load(self) -> tuple[Any, "_Tables"]:
        with self._lock:
            if self._loaded is None:
                from tokenizers import Tokenizer

                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
                tokenizer.no_padding()
                tokenizer.no_truncation()
                self._loaded = tokenizer, _Tables(self._folder, tokenizer)
            return self._loaded


class _Tables:
    """Rows of the tokens; in newer models their weights, and which row each token has, besides."""

    def __init__(self, folder: Path, tokenizer: Any) -> None:
        tensors = _tensors(folder / "model.safetensors")
        self._rows = tensors["embeddings"]
        self._weights = tensors.get("weights")
        self._places = tensors.get("mapping")
        unknown = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"].get("unk_token")
        self._unknown = tokenizer.token_to_id(unknown) if unknown is not None else None

    def mean(self, tokens: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the weighted mean of the tokens' rows, shape (dimensions,); zeros if no token is known."""
        if self._unknown is not None:
            tokens = tokens[tokens != self._unknown]
        if not len(tokens):
            return np.zeros(self._rows.shape[1], np.float32)
        rows = self._rows[tokens if self._places is None else self._places[tokens]].astype(np.float32)
        if self._weights is not None:
            rows *= self._weights[tokens].astype(np.float32)[:, None]
        mean: NDArray[np.float32] = rows.mean(axis=0)
        return mean


class _Tensor(msgspec.Struct):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def _header(path: Path) -> tuple[dict[str, _Tensor], int]:
    """Return the tensors that a safetensors file lists, and where their bytes begin."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > path.stat().st_size:
            raise ValueError("not a safetensors file")
        listed = msgspec.json.decode(file.read(length), type=dict[str, msgspec.Raw])
    listed.pop("__metadata__", None)
    return {name: msgspec.json.decode(raw, type=_Tensor) for name, raw in listed.items()}, 8 + length


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Map the tensors of a file."""
    listed, start = _header(path)
    return {
        name: np.memmap(path, _DTYPES[tensor.dtype], "r", start + tensor.data_offsets[0], tuple(tensor.shape))
        for name, tensor in listed.items()
    }


def _folder_of(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.count("/") != 1 or name.startswith((".", "~", "/")):
        raise ModelError(f"there is no folder {name}; give one, or a name on the hub such as owner/model")
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns=list(_FILES)))
    except ImportError:
        raise ModelError(f"to fetch {name} huggingface_hub is needed; run: {_MEND}") from None
    except Exception as error:  # whatever the hub's client raises: no network, no such name, no room
        raise ModelError(
            f"{name} cannot be fetched ({type(error).__name__}); download it, and name the folder instead"
        ) from None
