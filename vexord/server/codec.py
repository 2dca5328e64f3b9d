"""JSON-RPC frames: bytes → checked request, result or error → bytes; paths that are not UTF-8 included."""

import json
from typing import Any, Literal, TypeVar

import msgspec
from vexor_protocol import MIN_PROTOCOL_VERSION, PROTOCOL_VERSION
from vexor_protocol.envelope import ErrorData, ErrorObject, Request
from vexor_protocol.errors import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    VERSION,
    ErrorKind,
    ProtocolError,
)
from vexor_protocol.messages import METHODS, EventParams, Params

MAX_MESSAGE_CHARS = 4_096
"""Of an error; as many as a path may have."""

RequestId = str | int | None
T = TypeVar("T")


class _TextRequest(msgspec.Struct, kw_only=True):
    """A request whose strings hold lone surrogates: parsed by the standard library, checked by msgspec."""

    jsonrpc: Literal["2.0"]
    method: str
    id: str | int | None = None
    params: Any = msgspec.field(default_factory=dict)


class _Version(msgspec.Struct):
    v: int | None = None


class _IdOnly(msgspec.Struct):
    id: str | int | None = None


class _ResultReply(msgspec.Struct):
    jsonrpc: str
    id: RequestId
    result: msgspec.Struct


class _ErrorReply(msgspec.Struct):
    jsonrpc: str
    id: RequestId
    error: ErrorObject


class _Notification(msgspec.Struct):
    jsonrpc: str
    method: str
    params: EventParams


class RefusedRequestError(Exception):
    """The frame is no request; the reply is an error with this id."""

    def __init__(self, error: ProtocolError, request_id: RequestId) -> None:
        super().__init__(error.message)
        self.error = error
        self.request_id = request_id


_requests = msgspec.json.Decoder(Request)
_ids = msgspec.json.Decoder(_IdOnly)
_versions = msgspec.json.Decoder(_Version)
_params = {name: msgspec.json.Decoder(params) for name, (params, _) in METHODS.items()}
_encoder = msgspec.json.Encoder()


def decode_request(body: bytes) -> Request:
    """Return the request in a frame; its `params` are not looked at yet.

    Raises:
        RefusedRequestError: the frame is not JSON, or not a JSON-RPC 2.0 request.
    """
    try:
        body.isascii() or body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(PARSE_ERROR, f"the message is not UTF-8: {error.reason}", None) from None
    if body.lstrip()[:1] == b"[":
        raise RefusedRequestError(
            ProtocolError(INVALID_REQUEST, "batches are not served", "send one request a message"), None
        )
    try:
        try:
            return _requests.decode(body)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            loose = msgspec.convert(_loads(body), _TextRequest)
            params = json.dumps(loose.params).encode("ascii")
            return Request(jsonrpc="2.0", method=loose.method, id=loose.id, params=msgspec.Raw(params))
    except msgspec.ValidationError as error:
        raise _refused(INVALID_REQUEST, f"not a JSON-RPC 2.0 request: {error}", _salvage_id(body)) from None
    except RecursionError:
        raise _refused(PARSE_ERROR, "the message is nested too deeply", None) from None
    except ValueError as error:  # DecodeError and JSONDecodeError alike
        raise _refused(PARSE_ERROR, f"the message is not JSON: {error}", None) from None


def decode_params(request: Request) -> Params:
    """Return the params of a request to a known method, checked.

    Raises:
        ProtocolError: VERSION, or INVALID_PARAMS naming the member.
    """
    raw = bytes(request.params)
    try:
        params: Params = _decode(raw, _params[request.method], METHODS[request.method][0])
    except RecursionError:
        raise ProtocolError(INVALID_PARAMS, "params are nested too deeply") from None
    except ValueError as error:
        _check_version(_salvage_version(raw))
        raise ProtocolError(INVALID_PARAMS, f"bad params of {request.method}: {error}") from None
    _check_version(params.v)
    return params


def encode_result(request_id: RequestId, result: msgspec.Struct) -> bytes:
    """Return the frame of a successful reply."""
    return _encode(_ResultReply("2.0", request_id, result))


def encode_error(request_id: RequestId, error: ProtocolError) -> bytes:
    """Return the frame of an error reply."""
    data = ErrorData(
        name=error.kind.name,
        hint=error.hint[: 2 * MAX_MESSAGE_CHARS],
        retryable=error.kind.retryable,
        retry_after_ms=error.retry_after_ms,
    )
    message = error.message
    if len(message) > MAX_MESSAGE_CHARS:  # it quotes what the peer sent
        message = message[:MAX_MESSAGE_CHARS] + "…"
    shown = ErrorObject(code=error.kind.code, message=message, data=data)
    return _encode(_ErrorReply("2.0", request_id, shown))


def encode_event(event: EventParams) -> bytes:
    """Return the frame of an `event` notification."""
    return _encode(_Notification("2.0", "event", event))


def _decode(raw: bytes, decoder: "msgspec.json.Decoder[T]", kind: type[T]) -> T:
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.convert(_loads(raw), kind)


def _encode(message: msgspec.Struct) -> bytes:
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:  # msgspec refuses lone surrogates, in both directions
        builtins = msgspec.to_builtins(message)
        return json.dumps(builtins, separators=(",", ":"), allow_nan=False).encode("ascii")


def _loads(body: bytes) -> Any:
    return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refused(kind: ErrorKind, message: str, request_id: RequestId) -> RefusedRequestError:
    return RefusedRequestError(ProtocolError(kind, message), request_id)


def _salvage_id(body: bytes) -> RequestId:
    try:
        return _ids.decode(body).id
    except (ValueError, RecursionError):
        return None


def _salvage_version(raw: bytes) -> int | None:
    try:
        return _versions.decode(raw).v
    except (ValueError, RecursionError):
        return None


def _check_version(version: int | None) -> None:
    if version is not None and not MIN_PROTOCOL_VERSION <= version <= PROTOCOL_VERSION:
        raise ProtocolError(
            VERSION,
            f"this daemon does not serve protocol version {version}",
            f"it serves {MIN_PROTOCOL_VERSION} to {PROTOCOL_VERSION}, "
            f"the client asked for {version} to {version}; update the older one of the two",
        )
