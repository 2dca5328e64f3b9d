"""Rows before training: what a transformer knows of words, joined with what stands together in the corpus."""

import numpy as np
from scipy import sparse

from training.model.bags import Bags, Floats
from training.model.recipe import Recipe

_TOPICS = 256
_MORE = 16
"""Directions beyond those wanted, for the randomised decomposition's accuracy."""
_ROUNDS = 3
_SCALE = 0.1
_NOISE = 0.02


def initial_rows(chunks: Bags, words: Floats, size: int, recipe: Recipe) -> Floats:
    """Return rows for all tokens of the vocabulary, of which the first are the words.

    Args:
        chunks: the corpus.
        words: the teacher's vector of each word.
        size: tokens of the vocabulary.
        recipe: dimensions, the teacher's share and the seed.
    """
    random = np.random.default_rng([recipe.seed, 0])
    share, dimensions = recipe.teacher_share, recipe.dimensions
    taught = np.zeros((size, words.shape[1]), np.float32)
    taught[: len(words)] = _unit(words - words.mean(axis=0))
    together = _unit(_topics(chunks, size, random))
    joined = np.concatenate([np.sqrt(share) * taught, np.sqrt(1 - share) * together], axis=1).astype(
        np.float32
    )
    joined -= joined[: len(words)].mean(axis=0)
    _, directions = np.linalg.eigh(joined[: len(words)].T @ joined[: len(words)])
    rows = _unit(joined @ directions[:, ::-1][:, :dimensions]) * _SCALE * np.sqrt(dimensions)
    noisy: Floats = rows + _NOISE * random.standard_normal(rows.shape, np.float32)
    return noisy


def _topics(chunks: Bags, size: int, random: np.random.Generator) -> Floats:
    """Latent semantic analysis: right singular vectors of the tf-idf matrix, each by a root of its value."""
    frequency = np.bincount(chunks.ids, minlength=size)
    idf = np.log((len(chunks) + 1) / (1 + frequency)).astype(np.float32)
    matrix = sparse.csr_array(
        (chunks.weights * idf[chunks.ids], chunks.ids, chunks.starts), (len(chunks), size)
    )
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    matrix = sparse.diags_array((1 / np.maximum(lengths, 1e-6)).astype(np.float32)) @ matrix
    basis = random.standard_normal((size, _TOPICS + _MORE), np.float32)
    for _ in range(_ROUNDS):
        basis = np.linalg.qr(matrix.T @ (matrix @ basis))[0].astype(np.float32)
    seen = matrix @ basis
    vectors, squares, _ = np.linalg.svd(seen.T @ seen)
    topics: Floats = basis @ vectors[:, :_TOPICS] * squares[:_TOPICS] ** 0.25
    return topics


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
