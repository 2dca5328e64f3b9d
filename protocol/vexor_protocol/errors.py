"""The stable errors of the protocol: JSON-RPC code, name, and whether a retry can help."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One kind of error; `code` and `name` never change meaning."""

    code: int
    name: str
    retryable: bool = False


PARSE_ERROR = ErrorKind(-32700, "E_PARSE")
INVALID_REQUEST = ErrorKind(-32600, "E_BAD_REQUEST")
METHOD_NOT_FOUND = ErrorKind(-32601, "E_UNKNOWN_METHOD")
INVALID_PARAMS = ErrorKind(-32602, "E_BAD_PARAMS")
INTERNAL = ErrorKind(-32603, "E_INTERNAL", retryable=True)
VERSION = ErrorKind(-32001, "E_VERSION")
NOT_REGISTERED = ErrorKind(-32002, "E_NOT_REGISTERED")
BAD_ROOT = ErrorKind(-32003, "E_BAD_ROOT")
ROOT_GONE = ErrorKind(-32004, "E_ROOT_GONE")
DEADLINE = ErrorKind(-32005, "E_DEADLINE", retryable=True)
BUSY = ErrorKind(-32006, "E_BUSY", retryable=True)
TOO_LARGE = ErrorKind(-32007, "E_TOO_LARGE")
MODEL = ErrorKind(-32008, "E_MODEL")
SHUTTING_DOWN = ErrorKind(-32009, "E_SHUTTING_DOWN", retryable=True)
STATE = ErrorKind(-32010, "E_STATE")
NOT_INDEXED = ErrorKind(-32011, "E_NOT_INDEXED")

ALL: tuple[ErrorKind, ...] = (
    PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL, VERSION, NOT_REGISTERED,
    BAD_ROOT, ROOT_GONE, DEADLINE, BUSY, TOO_LARGE, MODEL, SHUTTING_DOWN, STATE, NOT_INDEXED,
)  # fmt: skip


class ProtocolError(Exception):
    """An error that is sent to the peer as it stands: message for people, hint that names the mend."""

    def __init__(
        self, kind: ErrorKind, message: str, hint: str = "", retry_after_ms: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.retry_after_ms = retry_after_ms
