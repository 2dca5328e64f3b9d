"""Who is blamed for a death, and who is not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from vexord import files
from vexord.index.types import FileStamp
from vexord.ingest.deaths import MAX_DEATHS, Deaths, Guard, file_key, path_of

STAMP = FileStamp(1, 2, 3, 4)


def dies_with(folder: Path, key: str, times: int = 1, version: str = "1") -> Deaths:
    """As many processes end with this at hand; return what the next one knows."""
    for _ in range(times):
        Deaths(str(folder), version).begin(key)
    return Deaths(str(folder), version)


def test_so_many_deaths_in_a_row_ban_a_file_as_it_is(tmp_path: Path) -> None:
    bad = file_key("a b/c\udcff\n.py", STAMP)
    assert path_of(bad) == "a b/c\udcff\n.py"
    assert not dies_with(tmp_path, bad, MAX_DEATHS - 1).is_banned(bad)
    deaths = dies_with(tmp_path, bad)
    assert deaths.is_banned(bad)
    assert deaths.banned == {bad}
    assert not deaths.is_banned(file_key("a b/c\udcff\n.py", FileStamp(1, 9, 3, 4))), "it has changed"
    assert not Deaths(str(tmp_path), "2").is_banned(bad), "we have changed"


def test_whoever_is_done_by_a_living_process_is_innocent(tmp_path: Path) -> None:
    innocent = file_key("slow.py", STAMP)
    for _ in range(2 * MAX_DEATHS):
        deaths = dies_with(tmp_path, innocent, MAX_DEATHS - 1)
        deaths.begin(innocent)
        deaths.end(innocent)
    assert not dies_with(tmp_path, innocent, MAX_DEATHS - 1).banned


def test_a_process_that_ends_well_leaves_nothing_at_hand(tmp_path: Path) -> None:
    deaths = Deaths(str(tmp_path), "1")
    deaths.begin(file_key("a.py", STAMP))
    deaths.end(file_key("a.py", STAMP))
    assert Deaths(str(tmp_path), "1").found == ""


def test_a_death_in_the_crew_is_that_of_the_file_it_had(tmp_path: Path) -> None:
    deaths = Deaths(str(tmp_path), "1")
    assert deaths.worker_died("never begun") == ""
    for _ in range(MAX_DEATHS):
        Guard(deaths.worker_file("segment"), ()).begin(file_key("a.py", STAMP))
        assert path_of(deaths.worker_died("segment")) == "a.py"
    assert deaths.is_banned(file_key("a.py", STAMP))
    Guard(deaths.worker_file("other"), ()).begin("1 2 3 b.py")
    Deaths(str(tmp_path), "1")
    assert not [name for name in os.listdir(tmp_path) if name.startswith("at-hand-")], "swept"


def test_damaged_notes_are_forgotten(tmp_path: Path) -> None:
    for content in (
        b"",
        b"{",
        b"[]",
        b'{"version": "1", "deaths": [1]}',
        b'{"version": "1", "deaths": {"a": "x"}}',
    ):
        (tmp_path / "deaths.json").write_bytes(content)
        assert Deaths(str(tmp_path), "1").banned == frozenset()


SPIN = """
import sys
from vexord.ingest import tasks
tasks.MAX_CPU_S = 0.2
guard = tasks.TimedGuard(sys.argv[1], ())
guard.begin("1 2 3 quick.py")
guard.end("1 2 3 quick.py")
sum(range(20_000_000))  # between two files a process may take what it needs
print("here", flush=True)
guard.begin("1 2 3 slow.py")
sum(range(10**15))  # in C, without Python's loop, as a parser would
"""


def test_a_file_that_takes_for_ever_ends_its_process_and_is_to_blame(tmp_path: Path) -> None:
    mark = tmp_path / "at-hand-x"
    done = subprocess.run([sys.executable, "-c", SPIN, str(mark)], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGPROF, b"here\n"), done.stderr
    assert files.read_mark(str(mark)) == "1 2 3 slow.py"
