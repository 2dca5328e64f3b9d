"""SIGKILL of the server, of the indexer and of both: nothing registered is lost, the next search is right."""

import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg


def big_tree(root: Path, files: int) -> Path:
    body = "".join(f"def helper_{n}(argument):\n    return argument + {n}\n\n" for n in range(30))
    return make_tree(root, {f"p{n % 20}/mod{n}.py": f"MARK{n}X = {n}\n{body}" for n in range(files)})


def found(daemon: Daemon, root: Path, word: str) -> list[str]:
    reply = daemon.request("search", {"query": word, "path": str(root), "fresh_ms": 60_000, "top": 20}, 70)
    assert reply["stale"] is False, reply
    return [hit["path"] for hit in reply["results"][0]["hits"] if word in hit["text"]]


def everything_is_right(daemon: Daemon, root: Path, files: int) -> None:
    projects = daemon.request("projects")["projects"]
    assert [project["project"] for project in projects] == [str(root)]
    for number in (0, files // 2, files - 1):
        assert found(daemon, root, f"MARK{number}X") == [f"p{number % 20}/mod{number}.py"]
    status = daemon.request("projects")["projects"][0]
    assert status["files"] == files


def kill_indexer(daemon: Daemon) -> None:
    pid = wait_until(daemon.indexer_pid, what="an indexer")
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("moment", ["at once", "half way"])
def test_the_indexer_killed_during_a_first_index(daemon: StartDaemon, xdg: Xdg, moment: str) -> None:
    root = big_tree(xdg.home / "big", 300)
    running = daemon()
    running.request("register", {"path": str(root)})
    if moment == "half way":
        wait_until(lambda: running.request("projects")["projects"][0]["chunks"] > 0, 30, "first generation")
    kill_indexer(running)
    everything_is_right(running, root, 300)
    assert running.request("status")["indexer"]["restarts"] == 1


def test_the_server_killed_during_a_first_index(daemon: StartDaemon, xdg: Xdg) -> None:
    root = big_tree(xdg.home / "big", 300)
    running = daemon()
    running.request("register", {"path": str(root)})
    indexer = psutil.Process(wait_until(running.indexer_pid, what="an indexer"))
    running.kill()
    indexer.wait(10)
    everything_is_right(daemon(), root, 300)


def test_both_killed_during_edits(daemon: StartDaemon, xdg: Xdg) -> None:
    root = big_tree(xdg.home / "small", 60)
    running = daemon()
    running.add(root)
    for number in range(40):
        (root / f"p{number % 20}" / f"mod{number}.py").write_text(f"MARK{number}X = {number}\n# edited\n")
    indexer = wait_until(running.indexer_pid, what="an indexer")
    os.kill(indexer, signal.SIGKILL)
    running.kill()
    again = daemon()
    everything_is_right(again, root, 60)
    assert found(again, root, "helper_3") != []
    assert all(
        "mod59" in path or int(path.split("mod")[1][:-3]) >= 40 for path in found(again, root, "helper_3")
    )


def test_the_indexer_killed_again_and_again_during_edits(daemon: StartDaemon, xdg: Xdg) -> None:
    root = big_tree(xdg.home / "small", 40)
    running = daemon()
    running.add(root)
    for number in range(4):
        (root / "p1" / "mod1.py").write_text(f"round_{number}_marker = {number}\n")
        kill_indexer(running)
        assert found(running, root, f"round_{number}_marker") == ["p1/mod1.py"]
        if number:
            assert found(running, root, f"round_{number - 1}_marker") == []
