"""Hostile input in small: `python -m tests.soak fuzz` does a million of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak import fuzz
from tests.soak.siege import siege
from tests.soak.wire import storm
from tests.support.mutation import Mutator
from tests.support.replies import fault


@pytest.fixture(scope="module")
def road() -> Iterator[fuzz.Road]:
    with fuzz.road() as (way, _):
        yield way


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", sorted(fuzz.CORPUS.glob("*.bin")), ids=lambda path: path.stem)
def test_what_broke_something_once_is_answered_as_the_protocol_says(road: fuzz.Road, path: Path) -> None:
    body = path.read_bytes().replace(b"@PROJECT@", road.project.encode())
    wrong, size = road.try_message([body])
    assert wrong == ""
    assert size > 0


def test_thousands_of_mutated_messages_are_answered_as_the_protocol_says() -> None:
    tally, _ = fuzz.mutate(60.0, seed=7, most=4_000)
    assert tally.differences == []
    assert tally.inputs == 4_000
    assert tally.replies > 3_000


def test_a_daemon_outlives_mutated_bytes_and_serves_the_next_good_client() -> None:
    result = storm(60.0, 7, fuzz.requests, most=400)
    assert result.differences == []
    assert result.counts["connections"] == 400
    assert result.counts["good searches between them"] >= 2


def test_a_daemon_under_siege_serves_the_next_good_client_and_holds_no_more_than_before() -> None:
    result = siege(0.03)
    assert result.differences == []
    assert result.counts["requests whose client goes"] == 300


def test_the_same_seed_makes_the_same_messages() -> None:
    valid = fuzz.requests("/a", "/b")
    one, other = Mutator(valid, 5), Mutator(valid, 5)
    assert [one.message() for _ in range(200)] == [other.message() for _ in range(200)]


def reply(**members: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, **members}).encode()


ASKED = [b'{"jsonrpc":"2.0","id":1,"method":"hello"}']
HELLO = {"protocol": 1, "protocol_min": 1, "version": "0", "boot_id": "b", "pid": 1, "capabilities": []}


def error(name: str, code: int, message: str = "no") -> dict[str, object]:
    return {"code": code, "message": message, "data": {"name": name}}


@pytest.mark.parametrize(
    ("replies", "wrong"),
    [
        ([reply(result=HELLO)], ""),
        ([reply(error=error("E_BUSY", -32006))], ""),
        ([reply(result=HELLO)] * 2, "2 replies"),
        ([b"{"], "no JSON"),
        ([b'{"jsonrpc":"2.0","id":1,"result":{"x":NaN}}'], "no JSON"),
        ([b"[]"], "no object"),
        ([reply()], "envelope"),
        ([reply(result=HELLO, error=error("E_BUSY", -32006))], "envelope"),
        ([reply(result={**HELLO, "pid": "1"})], "schema of hello"),
        ([reply(result=HELLO, id=2)], "another id"),
        ([reply(error=error("E_BUSY", -32006), id=2)], "another id"),
        ([reply(error=error("E_INTERNAL", -32603))], "E_INTERNAL"),
        ([reply(error=error("E_NEW", -32006))], "does not know"),
        ([reply(error=error("E_BUSY", -1))], "does not know"),
        ([reply(error=error("E_BUSY", -32006, "Traceback (most recent"))], "traceback"),
        ([json.dumps({"jsonrpc": "2.0", "method": "event", "params": {}}).encode()], "event"),
    ],
)  # fmt: skip
def test_the_judge_finds_what_is_wrong(replies: list[bytes], wrong: str) -> None:
    found = fault(ASKED, replies)
    assert wrong in found if wrong else found == ""
