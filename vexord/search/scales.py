"""Scores of one query brought to the scale of 0 to 1."""

import numpy as np

from vexord.search.keywords import Scores


def to_best(values: Scores) -> Scores:
    """Divide by the highest, so that the best has 1; all 0 if there is none above 0."""
    peak = float(values.max(initial=0.0))
    return values / np.float32(peak) if peak > 0 else np.zeros_like(values)


def between(values: Scores) -> Scores:
    """Scale finite values to 0..1; all 0 if the query has no vector or all are alike."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.zeros_like(values)
    low, high = float(values[finite].min()), float(values[finite].max())
    if high <= low:
        return np.zeros_like(values)
    return np.where(finite, (values - np.float32(low)) / np.float32(high - low), np.float32(0.0))
