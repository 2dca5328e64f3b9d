"""The order and settle times of dirty paths."""

from vexord.ingest.pending import Pending


def popped(pending: Pending, now: float, urgent: int = 0) -> list[str]:
    paths = []
    while (item := pending.pop(now, urgent)) is not None:
        paths.append(item[0])
    return paths


def test_a_path_is_read_only_after_it_was_quiet() -> None:
    pending = Pending(settle_s=0.03, patience_s=2.0)
    pending.add("a", False, now=10.0)
    pending.add("a", False, now=10.02)
    assert popped(pending, now=10.04) == []
    assert pending.due_in(10.04) is not None
    assert popped(pending, now=10.06) == ["a"]
    assert pending.due_in(10.06) is None


def test_a_path_that_never_rests_is_read_when_patience_ends() -> None:
    pending = Pending(settle_s=0.03, patience_s=2.0)
    for tick in range(300):
        pending.add("log", False, now=10.0 + tick * 0.01)
    assert popped(pending, now=10.0 + 2.99) == ["log"]


def test_a_barrier_takes_what_came_before_it_and_leaves_the_rest() -> None:
    pending = Pending(settle_s=0.03)
    pending.add("before", False, now=10.0)
    barrier = pending.last_seq
    pending.add("after", False, now=10.0)
    assert not pending.served(barrier)
    assert popped(pending, now=10.0, urgent=barrier) == ["before"]
    assert pending.served(barrier)
    assert len(pending) == 1


def test_a_second_event_does_not_move_a_path_behind_a_barrier() -> None:
    pending = Pending(settle_s=0.03)
    pending.add("a", False, now=10.0)
    barrier = pending.last_seq
    pending.add("a", False, now=10.01)
    assert not pending.served(barrier)
    assert popped(pending, now=10.01, urgent=barrier) == ["a"]


def test_the_files_of_a_folder_take_its_place_in_the_order() -> None:
    pending = Pending(settle_s=0.03)
    pending.add("folder", True, now=10.0)
    barrier = pending.last_seq
    pending.add("later", False, now=10.0)
    item = pending.pop(10.0, barrier)
    assert item is not None
    path, seq, is_dir = item
    assert (path, is_dir) == ("folder", True)
    pending.expand(["folder/x", "folder/y"], seq)
    assert not pending.served(barrier)
    assert sorted(popped(pending, now=10.0, urgent=barrier)) == ["folder/x", "folder/y"]
    assert pending.served(barrier)


def test_a_folder_event_is_not_lost_when_the_path_was_a_file_before() -> None:
    pending = Pending(settle_s=0.0)
    pending.add("p", False, now=1.0)
    pending.add("p", True, now=1.0)
    item = pending.pop(2.0, 0)
    assert item is not None
    assert item[2] is True
