"""Real daemons in trouble: status, doctor and replies name each state with its mend."""

import fcntl
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import vexorctl

StartDaemon = Callable[..., Daemon]


def degraded(daemon: Daemon) -> dict[str, Any]:
    """Every state that `status` tells, by name."""
    status = daemon.request("status")
    entries = [status, *status["projects"]]
    return {one["name"]: one for entry in entries for one in entry.get("degraded", ())}


def doctor(xdg: Xdg, status: int) -> dict[str, Any]:
    done = vexorctl(xdg, "doctor", "--json")
    assert done.returncode == status, done.stderr
    return {one["check"]: one for one in json.loads(done.stdout)["findings"]}


def all_name(xdg: Xdg, daemon: Daemon, names: set[str], status: int) -> None:
    """`status` for programs and for people, and `doctor`, tell each state with its mend."""
    wait_until(lambda: names <= degraded(daemon).keys(), 20, f"{names} in {set(degraded(daemon))}")
    page = " ".join(vexorctl(xdg, "status").stdout.decode().split())
    found = doctor(xdg, status)
    for name in names:
        told = degraded(daemon)[name]
        assert told["hint"]
        assert " ".join(told["message"].split()) in page
        assert told["hint"] in page
        assert found[name]["level"] in ("warn", "fail")
        assert found[name]["mend"], name


def test_one_daemon_with_many_troubles_names_each(daemon: StartDaemon, xdg: Xdg, tmp_path: Path) -> None:
    running = daemon()
    gone = make_tree(tmp_path / "gone", {"a.py": "x = 1\n"})
    full = make_tree(tmp_path / "full", {"a.py": "x = 1\n"})
    odd = make_tree(
        tmp_path / "odd", {"a.py": "x = 1\n", ".vexord.toml": '[embedding]\nprovider = "openai"\n'}
    )
    empty = make_tree(tmp_path / "empty", {"a.py": "x = 1\n", ".vexorignore": "*\n"})
    ruled = make_tree(tmp_path / "ruled", {"a.py": "x = 1\n", ".gitignore": "*.log\n" + "x" * 40_000})
    running.request("register", {"path": str(full), "index_in_project": True})
    for root in (gone, full, odd, empty, ruled):
        running.add(root)
    assert doctor(xdg, 1)["projects"]["level"] == "warn"
    gone.rename(tmp_path / "elsewhere")
    in_the_way = full / ".vexord" / "index" / "manifest.json.tmp"
    in_the_way.mkdir()
    (full / "b.py").write_text("y = 2\n")
    (xdg.config / "vexord").mkdir(exist_ok=True)
    (xdg.config / "vexord" / "config.toml").write_text('[index]\nmood = "full"\n')
    names = {"settings", "project_settings", "no_files", "root_gone", "write_failed", "rules_left_out"}
    all_name(xdg, running, names, 2)
    assert f"{ruled}/.gitignore:2" in degraded(running)["rules_left_out"]["message"]
    assert not running.search("x", path=str(ruled))["stale"]
    answer = running.search("x", path=str(full), fresh_ms=300)
    assert answer["stale"]
    assert "write_failed" in [one["name"] for one in answer["projects"][0]["degraded"]]

    (xdg.config / "vexord" / "config.toml").unlink()
    (odd / ".vexord.toml").unlink()
    (empty / ".vexorignore").unlink()
    (ruled / ".gitignore").unlink()
    in_the_way.rmdir()
    (tmp_path / "elsewhere").rename(gone)
    for root in (gone, full, odd, empty, ruled):
        running.search("x", path=str(root))
    wait_until(lambda: degraded(running) == {}, 20, "all is well again")
    assert vexorctl(xdg, "status").stdout.startswith(b"all is well")


def test_a_damaged_list_a_missing_model_and_an_indexer_that_dies_are_named(
    daemon: StartDaemon, xdg: Xdg
) -> None:
    (xdg.state / "vexord").mkdir(mode=0o700)
    (xdg.state / "vexord" / "projects.json").write_text("[")
    running = daemon(env={"VEXORD_MODEL": "model2vec:/nowhere"})
    for _ in range(5):
        pid = wait_until(running.indexer_pid, 20)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: running.indexer_pid() != pid, 20)
    all_name(xdg, running, {"registry", "second_model_missing", "indexer_crash_loop"}, 2)
    assert running.request("search", {"query": "x", "all": True, "fresh_ms": 0})["results"] is not None


def test_an_index_that_another_process_holds_is_named(daemon: StartDaemon, xdg: Xdg, tmp_path: Path) -> None:
    root = make_tree(tmp_path / "root", {"a.py": "x = 1\n"})
    first = daemon()
    first.add(root)
    first.stop()
    (lock,) = (xdg.cache / "vexord").rglob("writer.lock")
    with open(lock, "r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        running = daemon()
        all_name(xdg, running, {"index_failed"}, 2)
