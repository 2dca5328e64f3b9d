"""The starts of the daemon are remembered, with how each ended."""

import os
from pathlib import Path

from vexord.supervise.history import FAILED, KEPT, KILLED, RUNNING, STOPPED, History


def ends(path: Path) -> list[str]:
    return [start.ended for start in History(str(path)).starts]


def test_a_start_that_never_ended_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "starts.json"
    for how in (STOPPED, FAILED, None, STOPPED):
        life = History(str(path))
        life.begin("1")
        assert ends(path)[-1] == RUNNING
        if how is not None:
            life.end(how)
    assert ends(path) == [STOPPED, FAILED, KILLED, STOPPED]
    assert len(History(str(path)).unclean) == 2


def test_the_file_stays_small_and_one_that_is_damaged_or_cannot_be_written_is_done_without(
    tmp_path: Path,
) -> None:
    path = tmp_path / "starts.json"
    for _ in range(KEPT + 5):
        History(str(path)).begin("1")
    assert len(ends(path)) == KEPT
    path.write_bytes(b'[{"at": 1}]')
    life = History(str(path))
    assert life.unclean == []
    life.begin("1")
    assert ends(path) == [RUNNING]
    nowhere = History(os.path.join(str(tmp_path), "none", "starts.json"))
    nowhere.begin("1")
    nowhere.end(STOPPED)
    assert nowhere.unclean == []
