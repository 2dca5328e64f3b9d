"""Requests of the commands off the fast road: the same exchange, with plain dictionaries on both sides."""

import json
import time
from collections.abc import Generator

from vexor_protocol import PROTOCOL_VERSION

from vexorctl.errors import ClientError
from vexorctl.fast import decode, refusal
from vexorctl.reach import connect
from vexorctl.zmtp import Connection

JsonObject = dict[str, object]

_MAX_DEADLINE_MS = 600_000
_SILENCE_S = 30.0
"""The daemon sends a heartbeat every 5 s; one that says nothing for so long hangs."""
_NEVER_STARTS = ("shutdown",)


def request(method: str, params: JsonObject, timeout_s: float = 5.0, start: bool = True) -> JsonObject:
    """Ask the daemon and return the result. With `start` a daemon is started where none runs.

    Raises:
        ClientError: it refuses, cannot be reached or does not answer; `name` is the protocol's, or
            E_NO_DAEMON, E_NO_ANSWER.
    """
    connection = open_connection(method, start)
    try:
        deadline_ms = min(_MAX_DEADLINE_MS, round(timeout_s * 1000))
        connection.send(frame(method, {"deadline_ms": deadline_ms, **params}))
        return result(connection.receive(timeout_s))
    except (TimeoutError, ConnectionError) as error:
        raise unanswered(error) from None
    finally:
        connection.close()


def stream(method: str, params: JsonObject, timeout_s: float = 5.0) -> Generator[JsonObject, None, None]:
    """Ask for a subscription; yield its result, then the params of each event, until closed.

    Raises:
        ClientError: as `request`, and when the daemon ends or falls silent.
    """
    connection = open_connection(method, start=True)
    try:
        connection.send(frame(method, params))
        yield result(connection.receive(timeout_s))
        while True:
            message = _next_message(connection)
            event = message.get("params")
            if message.get("method") == "event" and isinstance(event, dict):
                yield event
    except (TimeoutError, ConnectionError) as error:
        raise unanswered(error) from None
    finally:
        connection.close()


def open_connection(method: str, start: bool = True) -> Connection:
    """Return a connection on which `method` is to be asked.

    Raises:
        ClientError: there is no daemon.
    """
    try:
        return connect(start and method not in _NEVER_STARTS)
    except (TimeoutError, ConnectionError) as error:
        raise unanswered(error) from None


def frame(method: str, params: JsonObject) -> bytes:
    """Return a request with id 1; surrogates of paths are escaped."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"v": PROTOCOL_VERSION, **params}}
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def result(reply: bytes) -> JsonObject:
    """Return the result of a reply.

    Raises:
        ClientError: the daemon refused.
        ConnectionError: it is no reply.
    """
    message = decode(reply)
    error = message.get("error")
    if isinstance(error, dict):
        raise refusal(error)
    value = message.get("result")
    return value if isinstance(value, dict) else {}


def unanswered(error: OSError) -> ClientError:
    """Return what to tell the user about a connection that ended or stayed silent."""
    if isinstance(error, TimeoutError):
        return ClientError("the daemon does not answer", "run: vexorctl restart", "E_NO_ANSWER")
    return ClientError(f"lost the daemon: {error}", "look at: vexorctl logs", "E_NO_ANSWER")


def _next_message(connection: Connection) -> JsonObject:
    while True:
        try:
            return decode(connection.receive(_SILENCE_S))
        except TimeoutError:
            if time.monotonic() - connection.heard > _SILENCE_S:
                raise
