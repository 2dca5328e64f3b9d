"""The learnt weights of the ranking: one number a signal, read from a file that anyone can read."""

from functools import lru_cache
from importlib import resources

import msgspec
import numpy as np

from vexord.search.keywords import Scores
from vexord.search.signals import LIKENESS, SIGNALS

WEIGHTS_NAME = "weights.json"


class Weights(msgspec.Struct, frozen=True):
    """`weights.json`, written by `training/ranking`."""

    made_by: str
    weights: dict[str, float]
    """By signal: what a value of 1 adds to a file's score."""


@lru_cache(maxsize=1)
def weights() -> Scores:
    """Return the weights in the order of `SIGNALS`, shape (len(SIGNALS),).

    Raises:
        ValueError: the file does not have just these signals, so code and weights do not belong together.
    """
    source = resources.files("vexord.search").joinpath(WEIGHTS_NAME).read_bytes()
    learnt = msgspec.json.decode(source, type=Weights).weights
    if set(learnt) != set(SIGNALS):
        raise ValueError(f"{WEIGHTS_NAME} and the signals differ: {sorted(set(learnt) ^ set(SIGNALS))}")
    return np.array([learnt[name] for name in SIGNALS], np.float32)


@lru_cache(maxsize=1)
def likeness_weights() -> Scores:
    """Return the same with only those signals that compare text with text: code that is like other code.

    Raises:
        ValueError: as `weights`.
    """
    return np.where([name in LIKENESS for name in SIGNALS], weights(), np.float32(0.0))
