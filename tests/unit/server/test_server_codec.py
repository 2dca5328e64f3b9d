"""Frames that are odd, hostile or not UTF-8."""

import json

import pytest
from vexor_protocol.errors import NOT_REGISTERED, ProtocolError
from vexor_protocol.messages import EventParams, RegisterParams

from vexord.server.codec import (
    RefusedRequestError,
    decode_params,
    decode_request,
    encode_error,
    encode_event,
)


def refusal(body: bytes) -> RefusedRequestError:
    with pytest.raises(RefusedRequestError) as caught:
        decode_request(body)
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"GET / HTTP/1.1\r\n\r\n", b'{"a":"\xff"}', b"\xff\xfe{\x00}\x00", b'{"jsonrpc":NaN}',
        b'{"jsonrpc":"2.0","method":"hello","params":{"client":NaN}',
        b'{"jsonrpc":"2.0","x":' + b"[" * 100_000,
        b'{"jsonrpc":"2.0","method":"hello","x":' + b'{"a":' * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_json_is_a_parse_error(body: bytes) -> None:
    refused = refusal(body)
    assert (refused.error.kind.name, refused.request_id) == ("E_PARSE", None)


@pytest.mark.parametrize(
    ("body", "request_id"),
    [
        (b"42", None),
        (b"null", None),
        (b'{"id":5,"method":"hello"}', 5),
        (b'{"jsonrpc":"1.0","id":"six","method":"hello"}', "six"),
        (b'{"jsonrpc":"2.0","id":7}', 7),
        (b'{"jsonrpc":"2.0","id":[1],"method":"hello"}', None),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"hello"}', None),
        (b' [{"jsonrpc":"2.0","id":1,"method":"hello"}]', None),
        (b"[" * 100_000, None),
        (b'{"jsonrpc":"2.0","id":8,"method":"%s"}' % (b"x" * 65), 8),
    ],
)
def test_json_that_is_no_request_is_refused_with_its_id(body: bytes, request_id: object) -> None:
    refused = refusal(body)
    assert (refused.error.kind.name, refused.request_id) == ("E_BAD_REQUEST", request_id)


@pytest.mark.parametrize("path", ["/tmp/bad\udcff", "/tmp/\U0001f600\udc80", "/tmp/é"])
def test_paths_with_lone_surrogates_are_read_as_they_are(path: str) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "register", "params": {"path": path, "z": [{}]}})
    params = decode_params(decode_request(body.encode("ascii")))
    assert isinstance(params, RegisterParams)
    assert params.path == path


def test_a_method_and_an_id_with_lone_surrogates_are_read_too() -> None:
    request = decode_request(b'{"jsonrpc":"2.0","id":"\\udcff","method":"\\udc80","params":{"a":1}}')
    assert (request.id, request.method) == ("\udcff", "\udc80")


@pytest.mark.parametrize(
    "params", [b'{"path":"\\udcff","v":"x"}', b'{"path":"\\udcff' + b"x" * 5_000 + b'"}', b"[1]", b"null"]
)
def test_params_are_checked_by_name_on_the_slow_path_too(params: bytes) -> None:
    request = decode_request(b'{"jsonrpc":"2.0","id":1,"method":"register","params":%s}' % params)
    with pytest.raises(ProtocolError) as caught:
        decode_params(request)
    assert caught.value.kind.name == "E_BAD_PARAMS"


def test_deeply_nested_params_are_refused() -> None:
    nested = b'{"path":"/x","z":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises((ProtocolError, RefusedRequestError)):
        decode_params(decode_request(b'{"jsonrpc":"2.0","id":1,"method":"register","params":%s}' % nested))


def test_a_version_that_is_not_served_is_named_before_bad_params() -> None:
    request = decode_request(b'{"jsonrpc":"2.0","id":1,"method":"register","params":{"v":2,"folder":"/x"}}')
    with pytest.raises(ProtocolError) as caught:
        decode_params(request)
    assert caught.value.kind.name == "E_VERSION"


def test_replies_with_lone_surrogates_are_sent_as_escapes() -> None:
    event = EventParams(event="published", project="/bad\udcff", changed=["é\udc80.py"])
    message = json.loads(encode_event(event).decode("ascii"))
    assert message["params"]["project"] == "/bad\udcff"
    assert message["params"]["changed"] == ["é\udc80.py"]


def test_an_error_says_its_name_and_its_mend() -> None:
    error = ProtocolError(NOT_REGISTERED, "no", "add it", retry_after_ms=5)
    assert json.loads(encode_error("a", error)) == {
        "jsonrpc": "2.0",
        "id": "a",
        "error": {
            "code": -32002,
            "message": "no",
            "data": {"name": "E_NOT_REGISTERED", "hint": "add it", "retry_after_ms": 5},
        },
    }
