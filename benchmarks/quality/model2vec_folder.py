"""Runs inside semble's own environment: python model2vec_folder.py WHEEL FOLDER.

Writes the word vectors of a wordllama wheel as a folder that model2vec loads without a network.
"""

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save_file

_WEIGHTS = "wordllama/weights/l2_supercat_256.safetensors"
_TOKENIZER = "wordllama/tokenizers/l2_supercat_tokenizer_config.json"


def write(wheel: Path, folder: Path) -> None:
    """Write model.safetensors, tokenizer.json and config.json."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        vectors = load(archive.read(_WEIGHTS))["embedding.weight"].astype(np.float32)
        (folder / "tokenizer.json").write_bytes(archive.read(_TOKENIZER))
    save_file({"embeddings": vectors}, folder / "model.safetensors")
    config = {
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "tokenizer_name": "l2_supercat",
        "apply_pca": 0,
        "apply_zipf": False,
        "hidden_dim": int(vectors.shape[1]),
        "seq_length": 1_000_000,
        "normalize": True,
    }
    (folder / "config.json").write_text(json.dumps(config))


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
