import os

import pytest
from vexor_protocol.client import Client
from vexor_protocol.wire import Notification, Reply, ReplyError, decode_message, encode_request

from tests.conformance.stub_daemon import stub_daemon
from tests.support.xdg import Xdg


def test_a_path_that_is_not_utf8_is_sent_as_ascii_and_read_back() -> None:
    path = os.fsdecode(b"/tmp/caf\xe9")
    frame = encode_request("register", {"path": path}, "x")
    assert rb"caf\udce9" in frame
    message = decode_message(frame)
    assert isinstance(message, Notification)
    assert os.fsencode(message.params["path"]) == b"/tmp/caf\xe9"


def test_an_error_reply_is_raised_with_all_that_it_says() -> None:
    reply = decode_message(
        b'{"jsonrpc":"2.0","id":4,"error":{"code":-32006,"message":"busy","data":'
        b'{"name":"E_BUSY","hint":"wait","retryable":true,"retry_after_ms":50}}}'
    )
    assert isinstance(reply, Reply)
    with pytest.raises(ReplyError, match="E_BUSY: busy") as caught:
        reply.unwrap()
    error = caught.value
    assert (error.code, error.name, error.hint) == (-32006, "E_BUSY", "wait")
    assert (error.retryable, error.retry_after_ms) == (True, 50)


@pytest.mark.parametrize(
    "frame",
    [
        b"{",
        b"[]",
        b'{"id":1,"result":{}}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1}}',
    ],
)
def test_what_is_no_message_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError):
        decode_message(frame)


def test_the_client_keeps_events_aside_and_raises_errors(xdg: Xdg) -> None:
    path = str(xdg.runtime / "stub.sock")
    with stub_daemon(path), Client(path) as client:
        assert client.request("echo", {"a": 1}) == {"a": 1}
        assert client.request("event", {"n": 2}) == {"n": 2}
        assert client.event(timeout=1) == {"n": 2}
        with pytest.raises(ReplyError) as caught:
            client.request("nothing")
        assert caught.value.code == -32601
        with pytest.raises(TimeoutError):
            client.event(timeout=0.05)


def test_the_client_gives_up_at_its_deadline_when_nobody_listens(xdg: Xdg) -> None:
    with Client(str(xdg.runtime / "nobody.sock")) as client, pytest.raises(TimeoutError, match="hello"):
        client.request("hello", timeout=0.05)
