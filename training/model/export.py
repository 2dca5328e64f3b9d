"""Trained parameters to the files that the daemon reads."""

from pathlib import Path

import numpy as np

from training.model.weights import Parameters
from vexord.embed import artefact
from vexord.embed.tokens import Vocabulary


def export(folder: Path, name: str, vocabulary: Vocabulary, parameters: Parameters) -> None:
    """Write int8 rows; each row's scale goes into its two scalars, so it costs nothing at run time."""
    scale = np.maximum(np.abs(parameters.rows).max(axis=1), 1e-9) / 127
    rows = np.rint(parameters.rows / scale[:, None]).astype(np.int8)
    weights = np.exp(np.stack([parameters.query, parameters.chunk])) * scale
    artefact.write(folder, name, vocabulary, rows, weights.astype(np.float32))
