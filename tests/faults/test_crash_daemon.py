"""Processes of a real daemon die in the middle of changes; the long run is `python -m tests.soak crash`."""

from collections import Counter

from tests.soak.crash import one_daemon


def test_after_each_death_all_is_right_and_nothing_is_paid_for_twice() -> None:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with one_daemon(5) as life:
        life.run(counts, wrong)
    assert wrong == []
    assert sum(count for what, count in counts.items() if "killed" in what) >= 3, counts
