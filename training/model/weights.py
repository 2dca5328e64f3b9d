"""The parameters of the model, the sums they give, and their gradients."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from training.model.bags import Bags, Floats, Numbers


@dataclass(slots=True)
class Parameters:
    """Rows of the table, and the logarithms of the scalars of queries and of chunks."""

    rows: Floats
    """Shape (tokens, dimensions)."""
    query: Floats
    chunk: Floats

    def copy(self) -> "Parameters":
        """Return parameters that share no memory with these."""
        return Parameters(self.rows.copy(), self.query.copy(), self.chunk.copy())


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a batch, queries or chunks, over the rows that the batch names (`active`)."""

    matrix: sparse.csr_array
    """Texts by active rows."""
    rows: Floats
    scalars: Floats
    sums: Floats
    norms: Floats

    @classmethod
    def of(cls, bags: Bags, slots: Numbers, rows: Floats, logs: Floats) -> "Side":
        """Sum each bag's weighted rows; `slots` maps a token to its place among the active rows."""
        matrix = sparse.csr_array((bags.weights, slots[bags.ids], bags.starts), shape=(len(bags), len(rows)))
        scalars = np.exp(logs)
        sums = matrix @ (rows * scalars[:, None])
        norms = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
        return cls(matrix, rows, scalars, sums, norms)

    @property
    def unit(self) -> Floats:
        """The embeddings: sums scaled to length 1."""
        unit: Floats = self.sums / self.norms
        return unit

    def gradients(self, of_unit: Floats) -> tuple[Floats, Floats]:
        """Return the loss's gradients by rows and by logarithms of scalars, given that by `unit`."""
        unit = self.unit
        of_sums = (of_unit - unit * np.sum(of_unit * unit, axis=1, keepdims=True)) / self.norms
        shared: Floats = self.matrix.T @ of_sums
        of_rows = shared * self.scalars[:, None]
        return of_rows, np.einsum("ij,ij->i", of_rows, self.rows)


def active_tokens(size: int, *bags: Bags) -> tuple[Numbers, Numbers]:
    """Return the distinct tokens of some bags, and for each token of the vocabulary its place among them."""
    named = np.zeros(size, bool)
    for bag in bags:
        named[bag.ids] = True
    active = np.flatnonzero(named)
    slots = np.zeros(size, np.int64)
    slots[active] = np.arange(len(active))
    return active, slots
