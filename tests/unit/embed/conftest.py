"""A small model on disk."""

from pathlib import Path

import numpy as np
import pytest

from vexord.embed import artefact
from vexord.embed.tokens import Vocabulary

WORDS = ["the", "socket", "bind", "server", "parse", "header", "file", "path", "retry"]
VOCABULARY = Vocabulary(WORDS, 32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return _written(tmp_path / "model")


@pytest.fixture(scope="session")
def shared_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be damaged."""
    return _written(tmp_path_factory.mktemp("shared") / "model")


def _written(folder: Path) -> Path:
    random = np.random.default_rng(3)
    rows = random.integers(-127, 128, (len(VOCABULARY), 16)).astype(np.int8)
    weights = random.random((2, len(VOCABULARY)), np.float32) + 0.5
    artefact.write(folder, "test", VOCABULARY, rows, weights)
    return folder
