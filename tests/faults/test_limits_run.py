"""The long run of the kernel's limits (`python -m tests.soak limits`), short."""

from tests.soak.limits import run
from tests.soak.record import Options


def test_each_turn_once_and_a_small_crowd() -> None:
    result = run(Options(seconds=8, seed=7))
    assert result.differences == []
    assert sum(count for what, count in result.counts.items() if what.startswith("turns: ")) >= 7
    assert result.counts["overflows seen"] >= 1
