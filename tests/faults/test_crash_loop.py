"""A file that ends whoever reads it, an index that ends whoever opens it: let alone, and the rest served."""

import os
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.faults import Plan
from tests.support.trees import make_tree
from tests.support.truth import read_index
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.ingest.bulk import BULK_BYTES

POISON = "ends the process that reads it"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    made = Plan(tmp_path / "plan")
    made.poison(POISON)
    return made


def crashes(daemon: Daemon, root: Path) -> list[str]:
    (told,) = [one for one in daemon.request("projects")["projects"] if one["project"] == str(root)]
    return [path for one in told["skipped"] if one["reason"] == "crashes" for path in one["examples"]]


def found(daemon: Daemon, root: Path, word: str) -> list[str]:
    reply = daemon.request("search", {"query": f'"{word}"', "path": str(root), "fresh_ms": 20_000}, 30)
    assert not reply["stale"], reply
    return [hit["path"] for hit in reply["results"][0]["hits"]]


def test_a_file_that_ends_the_indexer_is_let_alone_until_it_changes(
    daemon: StartDaemon, xdg: Xdg, plan: Plan
) -> None:
    other = make_tree(xdg.home / "other", {"fine.py": "quite_fine = 1\n"})
    root = make_tree(xdg.home / "root", {f"f{n}.py": f"name_{n} = {n}\n" for n in range(5)})
    running = daemon(env=plan.env)
    running.add(other)
    running.add(root)
    (root / "bad.py").write_text(f"before = '{POISON}'\n")
    wait_until(lambda: crashes(running, root) == ["bad.py"], 30, "the file is let alone")
    assert running.request("status")["indexer"]["restarts"] == 3
    (root / "f1.py").write_text("edited_meanwhile = 1\n")
    assert found(running, root, "edited_meanwhile") == ["f1.py"]
    assert found(running, other, "quite_fine") == ["fine.py"]

    running.stop()
    again = daemon(env=plan.env)
    wait_until(lambda: crashes(again, root) == ["bad.py"], 20, "the next daemon knows it too")
    assert again.request("status")["indexer"]["restarts"] == 0
    (root / "bad.py").write_text("harmless_now = 1\n")
    assert found(again, root, "harmless_now") == ["bad.py"]
    assert crashes(again, root) == []


def test_of_a_large_tree_only_the_file_that_ends_the_crew_is_left_out(
    daemon: StartDaemon, xdg: Xdg, plan: Plan
) -> None:
    line = "".join(f"# some line of the file, number {n}\n" for n in range(700))
    files: dict[str, str | bytes] = {f"d{n % 9}/f{n}.txt": f"name_{n}\n{line}" for n in range(90)}
    files["d5/bad.txt"] = f"{POISON}\n{line}"
    root = make_tree(xdg.home / "root", files)
    assert sum(map(len, files.values())) > BULK_BYTES
    running = daemon(env=plan.env)
    running.request("register", {"path": str(root)})
    running.request("wait", {"path": str(root), "timeout_ms": 90_000}, 95)
    assert crashes(running, root) == ["d5/bad.txt"]
    assert running.request("status")["indexer"]["restarts"] == 0, "the crew dies, not the indexer"
    (index,) = (xdg.cache / "vexord" / "projects").iterdir()
    seen = read_index(index)
    assert seen.keys() == files.keys()
    assert [path for path, file in seen.items() if file.encoding == "binary"] == ["d5/bad.txt"]
    assert not list(index.glob("at-hand-*"))


def test_an_index_that_ends_the_indexer_is_set_aside_and_the_others_served(
    daemon: StartDaemon, xdg: Xdg, plan: Plan
) -> None:
    root = make_tree(xdg.home / "root", {"a.py": "in_root = 1\n"})
    other = make_tree(xdg.home / "other", {"fine.py": "quite_fine = 1\n"})
    first = daemon(env=plan.env)
    first.add(root)
    first.add(other)
    first.stop()
    (index,) = (xdg.cache / "vexord" / "projects").glob("root-*")
    (index / "segments" / "00000001-0123abcd").mkdir()  # what opening clears away
    plan.die("indexer", 0, times=9, match=f"{index}/segments/00000001-0123abcd")
    again = daemon(env=plan.env)

    def states() -> dict[str, str]:
        return {os.path.basename(p["project"]): p["state"] for p in again.request("projects")["projects"]}

    wait_until(lambda: states() == {"root": "failed", "other": "ready"}, 40, "it is set aside")
    assert found(again, other, "quite_fine") == ["fine.py"]
    (told,) = [one for one in again.request("projects")["projects"] if one["state"] == "failed"]
    (reason,) = [one for one in told["degraded"] if one["name"] == "index_failed"]
    assert "ended 3 times" in reason["message"]
    assert "vexorctl remove" in reason["hint"]
    plan.clear()
    again.request("unregister", {"path": str(root)})
    again.add(root)
    assert found(again, root, "in_root") == ["a.py"]
