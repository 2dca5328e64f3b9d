"""Who may connect, as the ZAP handler decides it."""

import pytest

from vexord.server.auth import answer

ALLOWED = frozenset({1000, 0})


def request(address: bytes, mechanism: bytes = b"NULL") -> list[bytes]:
    return [b"1.0", b"7", b"vexord", address, b"", mechanism]


@pytest.mark.parametrize("uid", [1000, 0])
def test_the_owner_and_root_are_let_in(uid: int) -> None:
    reply = answer(request(b"localhost:%d:100:4711" % uid), ALLOWED)
    assert reply == [b"1.0", b"7", b"200", b"OK", str(uid).encode(), b""]


@pytest.mark.parametrize(
    "address",
    [
        b"localhost:1001:1000:1",
        b"localhost:10000:0:0",
        b"localhost",
        b"",
        b"127.0.0.1",
        b"localhost::0:0",
        b"1000",
    ],
)
def test_everybody_else_is_refused(address: bytes) -> None:
    assert answer(request(address), ALLOWED)[:3] == [b"1.0", b"7", b"400"]


def test_another_mechanism_is_refused() -> None:
    assert answer(request(b"localhost:1000:0:0", b"PLAIN"), ALLOWED)[2] == b"400"


@pytest.mark.parametrize("frames", [[], [b"1.0"], [b"2.0", b"7", b"", b"localhost:0:0:0", b"", b"NULL"]])
def test_what_is_no_zap_request_is_refused(frames: list[bytes]) -> None:
    assert answer(frames, ALLOWED)[2] == b"500"
