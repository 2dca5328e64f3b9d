"""What `status` tells of a real daemon: its last event, since when it lags, restarts and crashes."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until

StartDaemon = Callable[..., Daemon]


def project(daemon: Daemon) -> Any:
    return daemon.request("status")["projects"][0]


def is_now(moment: str | None) -> bool:
    return moment is not None and abs(datetime.now(UTC) - datetime.fromisoformat(moment)) < timedelta(
        seconds=30
    )


def test_an_event_is_told_even_where_it_changes_nothing(daemon: StartDaemon, tmp_path: Path) -> None:
    root = make_tree(tmp_path / "root", {"a.py": "x = 1\n", ".gitignore": "*.log\n"})
    running = daemon()
    running.add(root)
    told = project(running)
    assert told.get("last_event_at") is None
    assert (told["scans"], told.get("behind_since")) == (1, None)
    (root / "a.log").write_text("not indexed\n")
    wait_until(lambda: is_now(project(running).get("last_event_at")), 10, "the event is told")
    assert project(running).get("behind_since") is None


def test_an_index_that_cannot_be_written_lags_and_says_since_when(
    daemon: StartDaemon, tmp_path: Path
) -> None:
    root = make_tree(tmp_path / "root", {"a.py": "x = 1\n"})
    running = daemon()
    running.request("register", {"path": str(root), "index_in_project": True})
    wait_until(lambda: project(running)["state"] == "ready")
    in_the_way = root / ".vexord" / "index" / "manifest.json.tmp"
    in_the_way.mkdir()
    (root / "b.py").write_text("y = 2\n")
    wait_until(lambda: is_now(project(running).get("behind_since")), 10, "it lags")
    assert "write_failed" in [one["name"] for one in project(running)["degraded"]]
    in_the_way.rmdir()
    wait_until(lambda: project(running).get("behind_since") is None, 20, "it has caught up")
    assert [one["name"] for one in project(running).get("degraded", ())] == []


def test_deaths_of_the_indexer_and_of_the_daemon_are_told(daemon: StartDaemon) -> None:
    running = daemon()
    first = running.request("status")
    assert first.get("unclean_ends", []) == []
    wait_until(running.indexer_pid)
    os.kill(running.indexer_pid() or 0, signal.SIGKILL)
    indexer = wait_until(
        lambda: [one for one in [running.request("status")["indexer"]] if one["restarts"] == 1]
    )[0]
    wait_until(lambda: running.request("status")["indexer"]["state"] == "running", 20)
    assert is_now(running.request("status")["indexer"]["started_at"])
    assert "last_error" in indexer
    running.stop()
    again = daemon()
    assert again.request("status").get("unclean_ends", []) == []
    again.kill()
    (start,) = daemon().request("status")["unclean_ends"]
    assert is_now(start)
