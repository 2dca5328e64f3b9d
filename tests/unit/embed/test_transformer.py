"""The second model itself: real weights, real runtime."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vexord.embed import transformer
from vexord.embed.artefact import ModelError
from vexord.embed.transformer import DIMENSIONS, TransformerEmbedder


@pytest.fixture(scope="module")
def model() -> TransformerEmbedder:
    return TransformerEmbedder(7)


def cosine(one: NDArray[np.int8], other: NDArray[np.int8]) -> float:
    a, b = one.astype(float).ravel(), other.astype(float).ravel()
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_like_means_near(model: TransformerEmbedder) -> None:
    code = model.embed_chunks(
        ["def kill_process(pid):\n    os.kill(pid, 9)", "def parse_date(text):\n    return strptime(text)"]
    )
    query = model.embed_query("terminate a running program")
    assert code.shape == (2, DIMENSIONS)
    assert cosine(query, code[0]) > cosine(query, code[1]) + 0.1


def test_a_row_depends_on_its_text_alone(model: TransformerEmbedder) -> None:
    texts = ["one", "two " * 3000, "", "bytes \udce9 that are none", "größe 検索"]
    together = model.embed_chunks(texts)
    model.unload()
    for text, row in zip(texts, together, strict=True):
        assert model.embed_chunks([text])[0].tolist() == row.tolist()
    assert model.embed_chunks([]).shape == (0, DIMENSIONS)


def test_what_is_missing_is_named_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "_NEEDED", ("onnxruntime", "no_such_package"))
    with pytest.raises(ModelError, match=r"no_such_package; run: pip install 'vexord\[transformer\]'"):
        TransformerEmbedder()


def test_other_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "_WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the known model"):
        TransformerEmbedder().embed_query("x")
