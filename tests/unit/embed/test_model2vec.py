"""Static models read by hand give the vectors of the library that made them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.default import second_embedder
from vexord.embed.model2vec import StaticModel

model2vec = pytest.importorskip("model2vec")

WORDS = ("[UNK]", "def", "open", "socket", "close", "file", "(", ")")
TEXTS = ["open socket", "def close ( file )", "nothing known here", "OPEN open unknown file", ""]


def made(folder: Path, **parts: Any) -> Any:
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = Lowercase()
    tokenizer.pre_tokenizer = Whitespace()
    rows = np.random.default_rng(1).normal(size=(parts.pop("rows", len(WORDS)), 16)).astype(np.float32)
    model = model2vec.StaticModel(rows, tokenizer, config={"normalize": True}, normalize=True, **parts)
    model.save_pretrained(folder)
    return model


def cosines(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    one, other = one.astype(np.float64), other.astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    result: NDArray[np.float64] = (one * other).sum(axis=1) / np.maximum(lengths, 1e-12)
    return result


@pytest.mark.parametrize("parts", [{}, {"weights": np.linspace(0.1, 1, len(WORDS))}])
def test_the_vectors_are_those_of_model2vec(tmp_path: Path, parts: dict[str, Any]) -> None:
    theirs = made(tmp_path, **parts).encode(TEXTS)
    ours = StaticModel(str(tmp_path)).embed_chunks(TEXTS)
    known = np.abs(theirs).any(axis=1)
    assert known.tolist() == ours.any(axis=1).tolist()
    assert known.sum() == 3
    assert (cosines(ours, theirs)[known] > 0.999).all()


def test_tokens_may_share_rows(tmp_path: Path) -> None:
    places = np.array([0, 1, 2, 3, 2, 3, 0, 0])
    theirs = made(tmp_path, rows=4, token_mapping=places).encode(TEXTS[:2])
    assert (cosines(StaticModel(str(tmp_path)).embed_chunks(TEXTS[:2]), theirs) > 0.999).all()


def test_other_weights_are_another_model_and_it_can_be_chosen(tmp_path: Path) -> None:
    made(tmp_path / "one")
    made(tmp_path / "two", weights=np.ones(len(WORDS)))
    names = {StaticModel(str(tmp_path / name)).fingerprint.model for name in ("one", "two")}
    assert len(names) == 2
    chosen = second_embedder(Embedding(model=f"model2vec:{tmp_path / 'one'}"))
    assert chosen is not None
    chosen.unload()
    assert chosen.embed_query("open file").shape == (1, 16)


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0{}"])
def test_a_folder_that_holds_no_model_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="is no model of this kind"):
        StaticModel(str(tmp_path))
    with pytest.raises(ModelError, match="there is no folder"):
        StaticModel(str(tmp_path / "nowhere"))
