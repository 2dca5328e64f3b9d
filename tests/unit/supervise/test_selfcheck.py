"""The watchdog lives on answers, not on a thread that is merely alive."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.supervise import selfcheck
from vexord.supervise.selfcheck import Checks, SelfCheck


class Router:
    """Answers `hello` while `answers` is set; and if `turning` counts a turn when nudged."""

    def __init__(self, path: str) -> None:
        self.turns = 0
        self.nudged = threading.Event()
        self.reply = b'{"result":{"pid":%d}}' % os.getpid()
        self.answers = threading.Event()
        self.turning = threading.Event()
        self.stopped = threading.Event()
        self.bind_again = threading.Event()
        self.answers.set()
        self.turning.set()
        self.path = path
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.bind(f"ipc://{path}")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        while not self.stopped.is_set():
            if self.nudged.is_set() and self.turning.is_set():
                self.nudged.clear()
                self.turns += 1
            if self.bind_again.is_set():
                self.bind_again.clear()
                self.socket.bind(f"ipc://{self.path}")
            if self.socket.poll(10):
                peer, _ = self.socket.recv_multipart()
                if self.answers.is_set():
                    self.socket.send_multipart([peer, self.reply])

    def close(self) -> None:
        self.stopped.set()
        self.thread.join()
        self.context.destroy(linger=0)


@contextmanager
def checked(xdg: Xdg) -> Iterator[tuple[Router, list[str], str]]:
    path = str(xdg.runtime / "s")
    router, told = Router(path), []
    check = SelfCheck(
        Checks(
            path, 0.2, lambda: router.turns, router.nudged.set,
            lambda: told.append("good"), lambda: told.append("lost"),
        )
    )  # fmt: skip
    check.start()
    try:
        yield router, told, path
    finally:
        check.stop()
        router.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "LOOK_S", 0.05)
    monkeypatch.setattr(selfcheck, "CONFIRM_S", 0.1)


def test_a_serving_daemon_is_good_again_and_again(xdg: Xdg) -> None:
    with checked(xdg) as (_, told, _):
        wait_until(lambda: told.count("good") >= 3)
        assert "lost" not in told


@pytest.mark.parametrize("broken", ["answers", "turning"])
def test_no_answer_or_no_turn_is_not_good(xdg: Xdg, broken: str, caplog: pytest.LogCaptureFixture) -> None:
    with checked(xdg) as (router, told, _):
        wait_until(lambda: "good" in told)
        getattr(router, broken).clear()
        wait_until(lambda: "self-check failed" in caplog.text)
        before = told.count("good")
        caplog.clear()
        wait_until(lambda: "self-check failed" in caplog.text)
        assert told.count("good") == before


def test_a_deleted_path_is_lost(xdg: Xdg) -> None:
    with checked(xdg) as (_, told, path):
        wait_until(lambda: "good" in told)
        os.unlink(path)
        wait_until(lambda: told[-1] == "lost")


def test_an_answer_of_another_process_is_not_good(xdg: Xdg, caplog: pytest.LogCaptureFixture) -> None:
    with checked(xdg) as (router, told, _):
        router.reply = b'{"result":{"pid":1}}'
        wait_until(lambda: "self-check failed" in caplog.text)
        caplog.clear()
        before = told.count("good")
        wait_until(lambda: "self-check failed" in caplog.text)
        assert told.count("good") == before


def test_a_path_that_the_daemon_made_anew_is_not_lost(xdg: Xdg) -> None:
    with checked(xdg) as (router, told, path):
        wait_until(lambda: "good" in told)
        os.rename(path, path + ".old")
        router.bind_again.set()
        wait_until(lambda: os.path.exists(path))
        told.clear()
        wait_until(lambda: told.count("good") >= 3)
        assert "lost" not in told


def test_a_path_that_another_socket_took_is_lost(xdg: Xdg) -> None:
    with checked(xdg) as (_, told, path), socket.socket(socket.AF_UNIX) as thief:
        wait_until(lambda: "good" in told)
        os.rename(path, path + ".old")
        thief.bind(path)
        wait_until(lambda: told[-1] == "lost")


def test_a_daemon_that_stops_and_unlinks_its_path_is_not_lost(xdg: Xdg) -> None:
    with checked(xdg) as (router, told, path):
        wait_until(lambda: "good" in told)
        router.stopped.set()
        router.thread.join()
        os.unlink(path)
    assert "lost" not in told


def test_a_daemon_that_says_it_stops_is_not_reported(xdg: Xdg, caplog: pytest.LogCaptureFixture) -> None:
    with checked(xdg) as (router, told, _):
        wait_until(lambda: "good" in told)
        router.reply = b'{"error":{"data":{"name":"E_SHUTTING_DOWN"}}}'
        wait_until(lambda: "selfcheck" not in [thread.name for thread in threading.enumerate()])
        assert "self-check failed" not in caplog.text
