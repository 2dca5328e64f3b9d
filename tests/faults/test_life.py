"""A few minutes of a working day; for a long one: `python -m tests.soak life`."""

from tests.soak.life import run
from tests.soak.record import Options


def test_every_answer_of_a_short_day_is_right() -> None:
    result = run(Options(seconds=5, seed=1))
    assert result.differences == []
    assert result.counts["markers looked for"] > 3, result.counts
