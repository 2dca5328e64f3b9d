"""Peers that mean no good, on raw sockets: dropped, while the next client is served and memory is flat."""

import contextlib
import random
import socket
import struct

import psutil
import pytest
import zmq
from server_harness import Harness

from tests.support.waiting import wait_until

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
NONSENSE = {
    "random bytes": random.Random(7).randbytes(4_000),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "zmtp 1.0": b"\x01\x00" + b"\x05\x00hello" * 10,
    "zmtp 2.0": b"\xff" + bytes(8) + b"\x7f\x01\x05\x00\x00",
    "bad ready": GREETING + b"\x04\xff\x05READY" + bytes(250),
    "wrong mechanism": GREETING.replace(b"NULL", b"EVIL"),
    "all ones": b"\xff" * 4_000,
    "huge frame": GREETING + b"\x04" + bytes([len(READY)]) + READY + b"\x02" + struct.pack(">Q", 1 << 40),
    "frame just too large": GREETING + b"\x04" + bytes([len(READY)]) + READY
    + b"\x02" + struct.pack(">Q", (1 << 20) + 1),
}  # fmt: skip


def connect(harness: Harness) -> socket.socket:
    raw = socket.socket(socket.AF_UNIX)
    raw.settimeout(5)
    raw.connect(harness.path)
    return raw


def hung_up(raw: socket.socket) -> bool:
    """Read what comes until the server closes; True if it did within the time-out."""
    try:
        while raw.recv(65_536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_hung_up_on_and_the_next_client_served(harness: Harness, name: str) -> None:
    with connect(harness) as raw:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            raw.sendall(NONSENSE[name])
        assert hung_up(raw)
    assert harness.ask("hello")["protocol"] == 1
    assert len(harness.engine.calls) == 0


def test_refused_peers_are_counted_and_connections_given_back(harness: Harness) -> None:
    for _ in range(5):
        with connect(harness) as raw:
            raw.sendall(NONSENSE["http"])
            assert hung_up(raw)
    wait_until(lambda: harness.ask("status")["rejected_peers"] == 5)
    wait_until(lambda: harness.ask("status")["clients"] == 1)


def test_a_probe_that_only_connects_is_not_counted(harness: Harness) -> None:
    for _ in range(5):
        connect(harness).close()
    with harness.client() as client:
        wait_until(lambda: client.request("status")["clients"] == 1)
        assert client.request("status")["rejected_peers"] == 0


def test_half_a_greeting_is_dropped_in_time(harness: Harness) -> None:
    with connect(harness) as half, connect(harness) as silent:
        half.sendall(GREETING[:20])
        assert hung_up(half)
        assert hung_up(silent)
    wait_until(lambda: harness.ask("status")["rejected_peers"] == 2)


def test_memory_stays_flat_under_nonsense(harness: Harness) -> None:
    process = psutil.Process()

    def storm(rounds: int) -> int:
        for number in range(rounds):
            with connect(harness) as raw, contextlib.suppress(OSError):
                raw.sendall(list(NONSENSE.values())[number % len(NONSENSE)])
        harness.ask("hello")
        return process.memory_info().rss

    before = storm(100)
    assert storm(600) - before < 8 << 20
    assert harness.ask("hello")["protocol"] == 1


@pytest.mark.parametrize(
    ("frames", "name"),
    [
        ([b"1", b"2", b"3", b"4", b"5", b"6"], "E_BAD_REQUEST"),
        ([b"x"] * 5_000, "E_BAD_REQUEST"),
        ([b"", b"", b"{}"], "E_BAD_REQUEST"),
        ([b"not empty", b'{"jsonrpc":"2.0","id":1,"method":"hello"}'], "E_BAD_REQUEST"),
        ([b""], "E_PARSE"),
        ([b"[" * 100_000], "E_BAD_REQUEST"),
        ([b'{"x":' * 100_000], "E_PARSE"),
        ([b'{"jsonrpc":"2.0","id":1,"method":"hello","params":{"client":"\xff"}}'], "E_PARSE"),
        ([b'{"jsonrpc":"2.0","id":1,"method":"hello","params":' + b"[" * 100_000 + b"}"], "E_PARSE"),
        ([b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":5}}'], "E_BAD_PARAMS"),
        ([b'{"jsonrpc":"2.0","id":1,"method":"search","params":{"query":"%s"}}' % (b"x" * 1_000_000)],
         "E_BAD_PARAMS"),
    ],
)  # fmt: skip
def test_bad_messages_get_an_error_and_the_connection_stays(
    harness: Harness, frames: list[bytes], name: str
) -> None:
    with harness.asker() as asker:
        asker.raw(*frames)
        error = asker.receive().error
        assert error is not None
        assert error["data"]["name"] == name
        assert "Traceback" not in str(error)
        asker.send("hello")
        assert asker.receive().error is None


def test_an_oversized_message_closes_the_connection_and_no_other(harness: Harness) -> None:
    with harness.client() as other, harness.asker() as asker:
        other.request("hello")
        asker.socket.setsockopt(zmq.RECONNECT_IVL, -1)
        asker.raw(b'{"jsonrpc":"2.0","id":1,"method":"hello","x":"' + b"x" * (1 << 20) + b'"}')
        assert asker.silent(0.3)
        assert other.request("hello")["protocol"] == 1


def test_notifications_get_no_reply_not_even_an_error(harness: Harness) -> None:
    with harness.asker() as asker:
        asker.raw(b'{"jsonrpc":"2.0","method":"hello"}')
        asker.raw(b'{"jsonrpc":"2.0","id":null,"method":"no_such_method"}')
        asker.raw(b'{"jsonrpc":"2.0","method":"search","params":{"query":5}}')
        number = asker.send("hello")
        assert asker.receive().id == number
        assert asker.silent()
