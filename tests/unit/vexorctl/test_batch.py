"""`vexorctl search --batch`: lines to requests, and answers in the order of the lines."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vexor_protocol import messages, wire
from vexor_protocol.messages import SearchParams

from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import answer, fake_daemon, vexorctl
from vexorctl import batch
from vexorctl.query import Query, request


def echo(seen: dict[str, Any]) -> object:
    """Answer with the queries, as text does: a line each."""
    queries = seen["params"]["queries"]
    return answer("".join(f"{query}\n" for query in queries), total=len(queries))


@pytest.fixture
def lines(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "queries.txt"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return str(path)

    return write


def test_every_line_is_asked_in_one_request(xdg: Xdg, lines: Callable[[str], str]) -> None:
    with fake_daemon(xdg, echo) as daemon:
        done = vexorctl(xdg, "search", "--batch", lines("bind socket\n\n  \r\n größe \r\nlast"), "-k", "3")
    assert (done.returncode, done.stdout.decode()) == (0, "bind socket\ngröße\nlast\n")
    (asked,) = daemon.requests
    assert asked["params"]["queries"] == ["bind socket", "größe", "last"]
    assert (asked["params"]["top"], "query" in asked["params"]) == (3, False)


def test_standard_input_is_read(xdg: Xdg) -> None:
    with fake_daemon(xdg, echo):
        assert vexorctl(xdg, "search", "--batch", "-", said=b"a\nb\n").stdout == b"a\nb\n"


def test_many_lines_become_several_requests_in_order(xdg: Xdg, lines: Callable[[str], str]) -> None:
    texts = [f"query {number}" for number in range(messages.MAX_QUERIES + 1)]
    with fake_daemon(xdg, echo) as daemon:
        done = vexorctl(xdg, "search", "--batch", lines("\n".join(texts)), "--json")
    assert done.stdout.decode().split("\n")[:-1] == texts
    assert [len(seen["params"]["queries"]) for seen in daemon.requests] == [50, 51]


def test_pages_of_text_are_apart(xdg: Xdg, lines: Callable[[str], str]) -> None:
    with fake_daemon(xdg, lambda _: answer("page\n")):
        done = vexorctl(xdg, "search", "--batch", lines("x\n" * (messages.MAX_QUERIES + 1)))
    assert done.stdout == b"page\n\npage\n"


def test_the_status_is_that_of_all(xdg: Xdg, lines: Callable[[str], str]) -> None:
    totals = [0, 1, 0, 0]
    many = lines("x\n" * (messages.MAX_QUERIES + 1))
    with fake_daemon(xdg, lambda _: answer("", total=totals.pop(0))):
        assert [vexorctl(xdg, "search", "--batch", many).returncode for _ in range(2)] == [0, 1]


@pytest.mark.parametrize(
    ("text", "arguments", "part"),
    [("\n \n", [], b"no query"), ("a", ["b"], b"one of them"), (None, [], b"cannot read")],
)
def test_what_cannot_be_asked_ends_with_2(
    xdg: Xdg, lines: Callable[[str], str], text: str | None, arguments: list[str], part: bytes
) -> None:
    source = "/nosuch/file" if text is None else lines(text)
    done = vexorctl(xdg, "search", "--batch", source, *arguments)
    assert done.returncode == 2 and part in done.stderr


def test_requests_are_within_the_limits_of_the_protocol() -> None:
    assert batch.MAX_QUERIES == messages.MAX_QUERIES
    texts = ["\U0001f600" * messages.MAX_QUERY_CHARS] * 5 + ["\udce9"] * 120
    portions = list(batch.portions(texts))
    assert [text for portion in portions for text in portion] == texts
    query = Query()
    for query.batch in portions:
        frame = request(query)
        assert len(frame) <= wire.MAX_REQUEST_BYTES
        msgspec.convert(json.loads(frame)["params"], SearchParams)
