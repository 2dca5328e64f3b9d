"""sd_notify over real datagram sockets."""

import os
import socket
from pathlib import Path

from vexord.supervise.notify import Notifier


def receive_one(address: str, notifier: Notifier, *lines: str) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        manager.settimeout(5)
        notifier.send(*lines)
        return manager.recv(4096)


def test_lines_arrive_in_one_datagram(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    received = receive_one(address, Notifier(address), "READY=1", "STATUS=Serving")
    assert received == b"READY=1\nSTATUS=Serving"


def test_an_abstract_address_works() -> None:
    name = f"vexord-test-{os.getpid()}"
    assert receive_one("\0" + name, Notifier("@" + name), "READY=1") == b"READY=1"


def test_variables_are_taken_out_so_that_no_child_sees_them() -> None:
    environment = {
        "NOTIFY_SOCKET": "/x",
        "WATCHDOG_USEC": "30000000",
        "WATCHDOG_PID": str(os.getpid()),
        "A": "b",
    }
    assert Notifier.from_environment(environment).watchdog_s == 30.0
    assert environment == {"A": "b"}


def test_a_watchdog_meant_for_another_process_is_not_ours() -> None:
    assert Notifier.from_environment({"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}).watchdog_s is None
    assert Notifier.from_environment({}).watchdog_s is None


def test_a_manager_that_has_gone_does_no_harm(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "nobody")).send("READY=1")
    Notifier().send("READY=1")
