"""The scan leaves the interpreter as it was."""

import sys

import numpy as np

from vexord.index.vectors import scan


def test_a_scan_gives_no_reference_away() -> None:
    rows = np.ones((3, 64), np.int8)
    before = sys.getrefcount(None)
    for _ in range(2_000):
        scan(rows, rows[:1])
    assert sys.getrefcount(None) > before - 1_000
