"""What a reply must be, by the published schemas: nothing else may leave the socket."""

import json
from collections.abc import Sequence
from typing import Any

import jsonschema_rs
from vexor_protocol.errors import ALL
from vexor_protocol.schema import SCHEMA_FOLDER

_VALIDATORS = {
    path.stem: jsonschema_rs.validator_for(json.loads(path.read_bytes()))
    for path in SCHEMA_FOLDER.glob("*.json")
}
_CODES = {kind.name: kind.code for kind in ALL}
MISSING = object()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _number(digits: str) -> int:
    """Read a number that Python would not, for its length; nobody compares it."""
    return int(digits[:4_000])


def request_of(frames: Sequence[bytes]) -> dict[str, Any] | None:
    """Return the request that a message holds, as any reader of JSON sees it; None if there is none."""
    if len(frames) != 1 and not (len(frames) == 2 and frames[0] == b""):
        return None
    try:
        found = json.loads(frames[-1].decode(), parse_constant=_no_constant, parse_int=_number)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def fault(frames: Sequence[bytes], replies: Sequence[bytes]) -> str:
    """Return what is wrong with what came back for a message; empty if nothing is."""
    request = request_of(frames)
    answers = []
    for body in replies:
        try:
            message = json.loads(body.decode(), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            return f"no JSON came back: {error}"
        if not isinstance(message, dict):
            return "what came back is no object"
        if "method" in message:
            if not _VALIDATORS["event"].is_valid(message):
                return "an event that its schema does not allow"
            continue
        answers.append(message)
    if len(answers) > 1:
        return f"{len(answers)} replies"
    return _fault_of(request, answers[0]) if answers else ""


def _fault_of(request: dict[str, Any] | None, reply: dict[str, Any]) -> str:  # noqa: PLR0911
    if not _VALIDATORS["envelope"].is_valid(reply):
        return "a reply that the envelope's schema does not allow"
    if "error" in reply:
        error = reply["error"]
        name = error["data"]["name"]
        if _CODES.get(name) != error["code"]:
            return f"an error that the protocol does not know: {name} {error['code']}"
        if name == "E_INTERNAL":
            return "E_INTERNAL"
        if "Traceback" in str(error):
            return "a traceback"
        return "" if reply["id"] is None or request is None else _fault_of_id(request, reply)
    method = request.get("method") if request is not None else None
    if not isinstance(method, str) or method not in _VALIDATORS:
        return f"a result of no method: {method!r}"
    if not _VALIDATORS[method].is_valid({"result": reply["result"]}):
        return f"a result that the schema of {method} does not allow"
    return _fault_of_id(request or {}, reply)


def _fault_of_id(request: dict[str, Any], reply: dict[str, Any]) -> str:
    return "" if reply["id"] == request.get("id", MISSING) else f"the reply has another id: {reply['id']!r}"


def needs_reply(frames: Sequence[bytes]) -> bool:
    """Whether silence would be wrong: all but notifications, and those that wait for what does not come."""
    request = request_of(frames)
    if request is None:
        return True
    return request.get("id") is not None and request.get("method") != "wait"
