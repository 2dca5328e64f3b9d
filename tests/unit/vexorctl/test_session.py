"""Requests and subscriptions over the hand-written exchange, against libzmq."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import fake_daemon, refusal
from vexorctl import zmtp
from vexorctl.errors import ClientError
from vexorctl.session import request, stream
from vexorctl.zmtp import Connection


@pytest.fixture(autouse=True)
def _no_spawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEXORCTL_NO_SPAWN", "1")


def test_a_request_carries_version_and_deadline_and_returns_the_result(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: {"pid": 5}) as daemon:
        assert request("hello", {"client": "caf\udce9"}, timeout_s=2.0) == {"pid": 5}
    assert daemon.requests[0]["method"] == "hello"
    assert daemon.requests[0]["params"] == {"v": 1, "deadline_ms": 2000, "client": "caf\udce9"}


def test_every_one_of_many_connections_is_served(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda r: {"n": r["params"]["n"]}):
        for number in range(200):
            assert request("hello", {"n": number}) == {"n": number}


def test_a_refusal_keeps_name_message_and_hint(xdg: Xdg) -> None:
    with (
        fake_daemon(xdg, lambda _: refusal("E_BAD_ROOT", "no", "do this")),
        pytest.raises(ClientError) as caught,
    ):
        request("register", {"path": "/"})
    assert (caught.value.name, caught.value.message, caught.value.hint) == ("E_BAD_ROOT", "no", "do this")


def test_silence_is_an_error_at_the_time_limit(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: None), pytest.raises(ClientError, match="does not answer") as caught:
        request("hello", {}, timeout_s=0.1)
    assert "restart" in caught.value.hint


def test_without_a_daemon_none_is_started_if_told_so(xdg: Xdg) -> None:
    for method, start in (("hello", True), ("status", False), ("shutdown", True)):
        with pytest.raises(ClientError, match="no daemon runs"):
            request(method, {}, start=start)


def test_events_follow_the_result(xdg: Xdg) -> None:
    def handle(_: dict[str, Any]) -> object:
        events = [{"jsonrpc": "2.0", "method": "event", "params": {"event": "state", "n": n}} for n in (1, 2)]
        return [
            {"subscribed": True},
            events[0],
            {"jsonrpc": "2.0", "method": "later", "params": {}},
            events[1],
        ]

    with fake_daemon(xdg, handle):
        events = stream("subscribe", {})
        assert next(events) == {"subscribed": True}
        assert [next(events)["n"], next(events)["n"]] == [1, 2]
        events.close()


def test_heartbeats_are_answered_so_that_libzmq_keeps_the_connection(xdg: Xdg) -> None:
    waiting = threading.Event()

    def handle(found: dict[str, Any]) -> object:
        waiting.set()
        return None if found["method"] == "subscribe" else {}

    with fake_daemon(xdg, handle, heartbeat_ms=40):
        connection = Connection(os.fsencode(xdg.socket))
        connection.send(b'{"id":1,"method":"subscribe"}')
        assert waiting.wait(5)
        beats = set()

        def five_beats() -> bool:
            with pytest.raises(TimeoutError):  # not ConnectionError: it is still open
                connection.receive(0.03)
            beats.add(connection.heard)
            return len(beats) > 5

        wait_until(five_beats, what="heartbeats, each answered in time for the next")
        connection.close()


def test_a_message_in_pieces_is_put_together_and_a_time_out_loses_nothing(tmp_path: Path) -> None:
    body = b"x" * 70_000
    pieces = zmtp._frame(zmtp._MORE, b"first frame") + zmtp._frame(0, body)
    resume = threading.Event()

    def serve(peer: socket.socket) -> None:
        for byte in pieces[:20]:
            peer.sendall(bytes((byte,)))
        peer.sendall(pieces[20:40_000])
        resume.wait(10)
        peer.sendall(pieces[40_000:])

    with hand_served(tmp_path / "s", serve) as connection:
        with pytest.raises(TimeoutError):
            connection.receive(0.05)
        resume.set()
        assert connection.receive(5) == body


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"", "closed the connection"),
        (b"\x02\xff\xff\xff\xff\xff\xff\xff\xff", "announced a message"),
        (b"\x04\x07\x05ERRORx", "refused"),
    ],
)
def test_a_peer_that_misbehaves_is_an_error(tmp_path: Path, sent: bytes, message: str) -> None:
    with hand_served(tmp_path / "s", lambda peer: peer.sendall(sent)) as connection:
        expected = pytest.raises(ConnectionError, match=message)
        with expected:
            connection.receive(5)


def test_whoever_does_not_speak_zmtp_is_not_sent_the_request(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="ZMTP"), hand_served(tmp_path / "s", None):
        pass


class hand_served:  # noqa: N801 - reads as a context
    """A connection to a peer that shakes hands byte by byte (or sends junk if `serve` is None)."""

    def __init__(self, path: Path, serve: Callable[[socket.socket], None] | None) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._serve = serve
        self._path = os.fsencode(path)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        peer, _ = self._listener.accept()
        with peer:
            if self._serve is None:
                greeting = b""
                while len(greeting) < len(zmtp._GREETING):  # who closes before has not answered, but hung up
                    greeting += peer.recv(4096)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 10)
                return
            peer.sendall(zmtp._GREETING + zmtp._frame(zmtp._COMMAND, zmtp._READY))
            received = b""
            while not received.endswith(b"question"):
                received += peer.recv(4096)
            self._serve(peer)

    def __enter__(self) -> Connection:
        self._thread.start()
        try:
            connection = Connection(self._path)
            connection.send(b"question")
        except OSError:
            self.__exit__()
            raise
        return connection

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()


def test_a_second_use_of_a_stream_after_the_daemon_ended_is_an_error(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: {"subscribed": True}):
        events = stream("subscribe", {})
        next(events)
    with pytest.raises(ClientError, match="lost the daemon"):
        next(events)
