"""Adam for tables of which a step touches few rows: the others wait, with their moments as they were."""

import numpy as np

from training.model.bags import Floats, Numbers

_FIRST, _SECOND, _EPSILON = 0.9, 0.98, 1e-8


class LazyAdam:
    """Updates one table in place."""

    def __init__(self, table: Floats, rate: float) -> None:
        self._table = table
        self._rate = rate
        self._mean = np.zeros_like(table)
        self._square = np.zeros_like(table)
        self._steps = np.zeros(len(table), np.int64)

    def step(self, touched: Numbers, gradient: Floats, share: float) -> None:
        """Move the touched rows against their gradient; `share` scales the learning rate."""
        self._steps[touched] += 1
        steps: Floats = self._steps[touched].astype(np.float32)
        if gradient.ndim > 1:
            steps = steps[:, None]
        mean = self._mean[touched]
        mean *= _FIRST
        mean += (1 - _FIRST) * gradient
        self._mean[touched] = mean
        square = self._square[touched]
        square *= _SECOND
        square += (1 - _SECOND) * gradient * gradient
        self._square[touched] = square
        mean /= 1 - _FIRST**steps
        square /= 1 - _SECOND**steps
        np.sqrt(square, out=square)
        square += _EPSILON
        mean /= square
        self._table[touched] -= np.float32(self._rate * share) * mean
