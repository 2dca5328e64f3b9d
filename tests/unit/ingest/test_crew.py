"""Real processes that index and merge; they die, and nothing is lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from vexord.embed.default import default_embedder
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter
from vexord.ingest import bulk as bulk_module
from vexord.ingest.bulk import Batch, Bulk
from vexord.ingest.crew import MAX_BREAKS, Crew, Result
from vexord.ingest.deaths import Deaths
from vexord.ingest.ignore import IgnoreRules
from vexord.ingest.pipeline import Pipeline
from vexord.ingest.reconcile import Scan

FORMAT = 7


@pytest.fixture
def crew() -> Iterator[Crew]:
    woken = threading.Event()
    made = Crew(FORMAT, woken.set, size=1)
    yield made
    made.close()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[IndexWriter]:
    opened = IndexWriter.open(str(tmp_path / "index"), default_embedder(FORMAT).fingerprint)
    yield opened
    opened.close()


def results(crew: Crew, *tickets: int) -> list[Result]:
    found: list[Result] = []

    def all_there() -> bool:
        found.extend(crew.take(set(tickets)))
        return len(found) == len(tickets)

    wait_until(all_there, 30, "results of the crew")
    return found


def pid_of(_task: object) -> int:
    return os.getpid()


def die(_task: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(_task: object) -> None:
    raise OSError(28, "No space left on device")


def scan_of(root: Path, writer: IndexWriter) -> Scan:
    scan = Scan(str(root), IgnoreRules(str(root)), writer.entries(), check_all=False)
    while not scan.walk():
        pass
    return scan


def finished(bulk: Bulk) -> list[Batch]:
    found: list[Batch] = []

    def all_there() -> bool:
        found.extend(bulk.finished())
        return not bulk.files

    wait_until(all_there, 30, "batches of the crew")
    return found


@pytest.mark.parametrize("early", [True, False])
def test_a_folder_that_is_asked_for_is_looked_at_first(
    writer: IndexWriter, tmp_path: Path, early: bool
) -> None:
    root = tmp_path / "root"
    make_tree(root, dict.fromkeys(("b/1.py", "b/c/2.py", "a.py", "bc/3.py", "d/4.py"), "x = 1\n"))
    for age, path in enumerate(("bc/3.py", "a.py", "b/1.py", "d/4.py", "b/c/2.py")):
        os.utime(root / path, (1_000_000 - age, 1_000_000 - age))
    scan = Scan(str(root), IgnoreRules(str(root)), writer.entries(), check_all=False)
    if early:
        scan.prefer("b")
    while not scan.walk():
        pass
    scan.prefer("b")
    assert scan.next_batch()[0] == ["b/1.py", "b/c/2.py", "bc/3.py", "a.py", "d/4.py"]


def test_processes_run_at_lowest_priority_and_go_when_idle(crew: Crew) -> None:
    assert crew.room == 2
    ticket = crew.submit(pid_of, None)
    (result,) = results(crew, ticket)
    process = psutil.Process(result.value)
    assert process.nice() == min(19, os.nice(0) + 9)
    crew.rest(time.monotonic())
    assert process.is_running()
    crew.rest(time.monotonic() + 3600)
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_a_process_that_dies_gives_an_error_and_a_new_one_is_started(crew: Crew) -> None:
    (result,) = results(crew, crew.submit(die, None))
    assert result.error is not None
    assert crew.usable
    (result,) = results(crew, crew.submit(pid_of, None))
    assert result.error is None
    for _ in range(MAX_BREAKS):
        results(crew, crew.submit(die, None))
    assert not crew.usable
    assert crew.room == 0


def test_an_error_of_a_task_is_its_own(crew: Crew) -> None:
    (result,) = results(crew, crew.submit(fail, None))
    assert isinstance(result.error, OSError)
    assert crew.usable
    ticket = crew.submit(pid_of, None)
    crew.drop({ticket})
    other = crew.submit(pid_of, None)
    assert [result.ticket for result in results(crew, other)] == [other]


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys, time; sys.path[:0] = sys.argv[1:]\n"
        "from vexord.ingest.crew import Crew\n"
        "from tests.unit.ingest.test_crew import pid_of\n"
        "if __name__ == '__main__':\n"
        "    crew = Crew(1, lambda: None, size=1)\n"
        "    ticket = crew.submit(pid_of, None)\n"
        "    while not (found := crew.take({ticket})): time.sleep(0.01)\n"
        "    print(found[0].value, flush=True); time.sleep(600)\n"
    )
    here = str(Path(__file__).parents[3])
    parent = subprocess.Popen([sys.executable, str(script), here], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
        wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_a_segment_of_the_crew_is_that_of_the_main_loop(
    crew: Crew, writer: IndexWriter, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    files: dict[str, str | bytes] = {
        f"d{n % 3}/f{n}.py": f"def name_{n}():\n    return {n}\n" for n in range(20)
    }
    make_tree(root, files | {"logo.png": b"\x89PNG\0\0"})
    scan = scan_of(root, writer)
    bulk = Bulk(str(root), writer, default_embedder(FORMAT).fingerprint, crew, Deaths(writer.folder, "1"))
    bulk.hand_out(scan, list)
    assert bulk.waiting(scan)
    (batch,) = finished(bulk)
    assert batch.done is not None
    writer.adopt(batch.done.record, batch.overtaken, [])
    assert sorted(writer.entries()) == sorted([*files, "logo.png"])
    mine = Snapshot.open(writer.folder).segments[0].segment
    other = IndexWriter.open(str(tmp_path / "other"), default_embedder(FORMAT).fingerprint)
    paths = mine.paths.tolist()
    other.commit(Pipeline(str(root), other, default_embedder(FORMAT)).run(paths).upserts, [])
    theirs = Snapshot.open(other.folder).segments[0].segment
    other.close()
    assert (mine.vectors == theirs.vectors).all()
    assert (mine.chunks == theirs.chunks).all()
    assert (mine.posting_arrays.rows == theirs.posting_arrays.rows).all()
    assert theirs.paths.tolist() == paths
    assert scan_of(root, writer).left == 0, "nothing is to be read again"


def test_what_the_main_loop_looked_at_meanwhile_stays_out(
    crew: Crew, writer: IndexWriter, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    make_tree(
        root,
        {"old.py": "old = 1\n", "gone.py": "gone = 1\n", "same.py": "same = 1\n", "deep/x.py": "x = 1\n"},
    )
    scan = scan_of(root, writer)
    bulk = Bulk(str(root), writer, default_embedder(FORMAT).fingerprint, crew, Deaths(writer.folder, "1"))
    bulk.hand_out(scan, list)
    assert bulk.under("deep") == ["deep/x.py"]
    (root / "old.py").write_text("new = 2\n")
    (root / "gone.py").unlink()
    bulk.overtake(["old.py", "gone.py", "never.py"])
    writer.commit(
        Pipeline(str(root), writer, default_embedder(FORMAT)).run(["old.py", "gone.py"]).upserts, []
    )
    new = writer.get("old.py")
    (batch,) = finished(bulk)
    assert batch.done is not None
    writer.adopt(batch.done.record, batch.overtaken, [])
    assert sorted(writer.entries()) == ["deep/x.py", "old.py", "same.py"]
    assert writer.get("old.py") == new
    assert Snapshot.open(writer.folder).live_files == 3


def test_a_batch_that_failed_comes_back_and_leaves_nothing(
    crew: Crew, writer: IndexWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path / "root", {"a.py": "a = 1\n"})
    scan = scan_of(tmp_path / "root", writer)
    bulk = Bulk(
        str(tmp_path / "root"), writer, default_embedder(FORMAT).fingerprint, crew, Deaths(writer.folder, "1")
    )
    monkeypatch.setattr(bulk_module, "run_batch", die)
    bulk.hand_out(scan, list)
    (batch,) = finished(bulk)
    assert batch.done is None
    scan.put_back(batch.paths, batch.size)
    assert (scan.left, scan.left_bytes) == (1, 6)
    monkeypatch.undo()
    bulk.hand_out(scan, list)
    (batch,) = finished(bulk)
    assert batch.done is not None
    writer.adopt(batch.done.record, (), [])
    assert list(writer.entries()) == ["a.py"]
    assert len(os.listdir(Path(writer.folder) / "segments")) == 1


def test_files_change_and_die_during_a_merge(
    crew: Crew, writer: IndexWriter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_module, "MERGE_ROWS", 1)
    root = tmp_path / "root"
    embedder = default_embedder(FORMAT)
    for number in range(12):
        make_tree(root, {f"f{number}.py": f"name_{number} = 1\n"})
        writer.commit(Pipeline(str(root), writer, embedder).run([f"f{number}.py"]).upserts, [])
    bulk = Bulk(str(root), writer, embedder.fingerprint, crew, Deaths(writer.folder, "1"))
    bulk.merge()
    assert bulk.merging
    make_tree(root, {"f1.py": "changed = 1\n", "new.py": "new = 1\n"})
    outcome = Pipeline(str(root), writer, embedder).run(["f1.py", "new.py"])
    writer.commit(outcome.upserts, ["f2.py", "f3.py"])
    live = writer.get("f4.py")
    assert live is not None
    writer.touch("f4.py", live.stamp, live.checked_ns + 5)
    before = writer.stats()[2]

    def merged() -> bool:
        bulk.take_merge()
        return not bulk.merging

    wait_until(merged, 30, "the merge")
    assert writer.stats()[2] < before
    expected = {f"f{number}.py" for number in range(12)} - {"f2.py", "f3.py"} | {"new.py"}
    assert set(writer.entries()) == expected
    assert Snapshot.open(writer.folder).live_files == len(expected)
    found = writer.get("f4.py")
    assert found is not None
    assert found.checked_ns == live.checked_ns + 5
    assert writer.verify()
