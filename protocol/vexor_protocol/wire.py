"""JSON-RPC messages as bytes: build a request, read a reply. Standard library alone."""

import json
from dataclasses import dataclass
from typing import Any

MAX_REQUEST_BYTES = 1 << 20
"""Largest frame that the daemon reads; the socket of a peer that sends a larger one is closed."""

JsonObject = dict[str, Any]


class ReplyError(Exception):
    """The daemon answered with an error; `name` and `code` are stable, the message is for people."""

    def __init__(self, error: JsonObject) -> None:
        data = error.get("data") or {}
        super().__init__(f"{data.get('name', error.get('code'))}: {error.get('message', '')}")
        self.code = int(error.get("code", 0))
        self.message = str(error.get("message", ""))
        self.name = str(data.get("name", ""))
        self.hint = str(data.get("hint", ""))
        self.retryable = bool(data.get("retryable", False))
        self.retry_after_ms: int | None = data.get("retry_after_ms")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the request `id`: a result, or an error (then `result` is empty)."""

    id: str | int | None
    result: JsonObject
    error: JsonObject | None

    def unwrap(self) -> JsonObject:
        """Return the result.

        Raises:
            ReplyError: the daemon answered with an error.
        """
        if self.error is not None:
            raise ReplyError(self.error)
        return self.result


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that answers nothing; `method` is `event`."""

    method: str
    params: JsonObject


def encode_request(method: str, params: JsonObject, request_id: str | int | None) -> bytes:
    """Return the frame of a request; with no id it is a notification, which gets no reply.

    Non-ASCII characters are escaped, so that paths with lone surrogates (bytes that are not UTF-8) survive.
    """
    message: JsonObject = {"jsonrpc": "2.0", "method": method, "params": params}
    if request_id is not None:
        message["id"] = request_id
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def decode_message(frame: bytes) -> Reply | Notification:
    """Read what the daemon sent.

    Raises:
        ValueError: it is not a JSON-RPC 2.0 reply or notification.
    """
    message = json.loads(frame)
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ValueError("not a JSON-RPC 2.0 message")
    if "method" in message:
        return Notification(message["method"], message.get("params") or {})
    if ("result" in message) == ("error" in message):
        raise ValueError("a reply holds either a result or an error")
    return Reply(message.get("id"), message.get("result") or {}, message.get("error"))
