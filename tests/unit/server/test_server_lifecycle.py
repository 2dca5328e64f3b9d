"""The socket file, the start, the end, and too many connections."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest
from server_harness import Harness, running
from vexor_protocol.locations import LocationError
from vexor_protocol.wire import ReplyError

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.projects.registry import Registry
from vexord.projects.settings import Settings
from vexord.server import indexer


def test_the_socket_is_open_to_its_owner_alone_whatever_the_umask(xdg: Xdg) -> None:
    before = os.umask(0)
    try:
        with running(Harness()) as harness:
            info = os.stat(harness.path)
            assert stat.S_ISSOCK(info.st_mode)
            assert stat.S_IMODE(info.st_mode) == 0o600
    finally:
        assert os.umask(before) == 0


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_not_a_socket_is_refused_named_and_left(xdg: Xdg, kind: str) -> None:
    harness = Harness()
    target = xdg.base / "precious"
    target.write_text("precious")
    match kind:
        case "file":
            os.rename(target, harness.path)
        case "link":
            os.symlink(target, harness.path)
        case "folder":
            os.mkdir(harness.path)
    with pytest.raises(LocationError) as caught:
        harness.server.run()
    assert harness.path in caught.value.message
    assert "mv " in caught.value.hint
    assert os.path.lexists(harness.path)
    if kind != "folder":
        with open(harness.path) as file:
            assert file.read() == "precious"
    assert not harness.indexers


def test_a_socket_left_by_a_dead_daemon_is_replaced(xdg: Xdg) -> None:
    harness = Harness()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(harness.path)
    with running(harness):
        assert harness.ask("hello")["protocol"] == 1


def test_at_the_end_only_our_own_socket_is_removed(xdg: Xdg) -> None:
    harness = Harness()
    with running(harness):
        os.rename(harness.path, harness.path + ".old")
        with open(harness.path, "w") as file:
            file.write("somebody else's")
    with open(harness.path) as file:
        assert file.read() == "somebody else's"


def test_an_idle_loop_turns_when_it_is_nudged(harness: Harness) -> None:
    for _ in range(3):
        before = harness.turns
        harness.server.nudge()
        wait_until(lambda before=before: harness.turns > before)


@pytest.fixture
def quick_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps in a tenth of the time; the real ones keep the whole stop below 5 s."""
    assert indexer.STOP_TERM_S < indexer.STOP_KILL_S <= 4.0
    for name in ("STOP_TERM_S", "STOP_KILL_S"):
        monkeypatch.setattr(indexer, name, getattr(indexer, name) / 10)


def test_who_waits_when_the_daemon_stops_is_told(harness: Harness, xdg: Xdg, quick_stop: None) -> None:
    folder = xdg.home / "shop"
    folder.mkdir()
    harness.project(folder)
    harness.behaviour.on_sync = None
    harness.behaviour.ignores_stop = True
    with harness.asker() as waiting:
        waiting.send("wait", timeout_ms=60_000)
        waiting.send("search", query="x", path=str(folder), fresh_ms=60_000)
        wait_until(lambda: harness.indexer.syncs)
        harness.server.request_stop()
        for _ in range(2):
            error = waiting.receive().error
            assert error is not None
            assert error["data"]["name"] == "E_SHUTTING_DOWN"
        with pytest.raises(ReplyError, match="E_SHUTTING_DOWN"):
            harness.ask("projects")


def test_an_indexer_that_does_not_stop_is_terminated_then_killed(harness: Harness, quick_stop: None) -> None:
    harness.behaviour.ignores_stop = True
    harness.ask("hello")
    harness.stop()
    assert harness.indexer.terminated
    assert harness.indexer.killed
    assert not os.path.exists(harness.path)


def test_too_many_connections_are_shed_and_good_clients_come_back(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vexord.server.socket.MAX_PEERS", 20)
    with running(Harness()) as harness, harness.client() as good:
        good.request("hello")
        crowd = [socket.socket(socket.AF_UNIX) for _ in range(40)]
        try:
            for member in crowd:
                member.connect(harness.path)

            def shed() -> bool:
                with harness.client() as client, contextlib.suppress(TimeoutError):  # may itself be shed
                    degraded = client.request("status", timeout=1.0)["degraded"]
                    return "connections_shed" in [entry["name"] for entry in degraded]
                return False

            wait_until(shed)
            assert harness.ask("status")["clients"] < 20
            assert good.request("hello")["protocol"] == 1
            assert stat.S_IMODE(os.stat(harness.path).st_mode) == 0o600
        finally:
            for member in crowd:
                member.close()


def test_sigterm_ends_a_server_that_runs_in_the_main_thread(xdg: Xdg) -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests/unit/server')\n"
        "from server_harness import Harness\n"
        "h = Harness(); h.ready.set = lambda: print('ready', flush=True)\n"
        "h.server.run(); print('ended', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=xdg.env, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "ready\n"
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "ended\n"
    assert process.wait(5) == 0
    assert time.monotonic() - started < 5
    assert not xdg.socket.exists()


def test_a_root_that_is_not_utf8_keeps_no_other_project_closed(xdg: Xdg) -> None:
    odd, plain = os.fsdecode(os.fsencode(xdg.home) + b"/odd\xff"), str(xdg.home / "plain")
    registry = Registry(Settings.load().registry_file)
    for root in (odd, plain):
        os.mkdir(root)
        registry.add(root)
    with running(Harness()) as harness:
        wait_until(lambda: harness.status_of(plain)["state"] == "ready")
        assert harness.ask("search", query="x", path=plain, fresh_ms=5_000)["stale"] is False
        assert [p["project"] for p in harness.ask("projects")["projects"]] == [odd, plain]


def test_a_stop_asked_for_before_the_start_is_heeded(xdg: Xdg) -> None:
    harness = Harness()
    harness.server.request_stop()
    runner = threading.Thread(target=harness.server.run)
    runner.start()
    runner.join(5)
    assert not runner.is_alive()
