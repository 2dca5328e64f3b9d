"""The JSON-RPC 2.0 envelope around the messages: the request as it arrives and the error of a reply."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct


class Request(Struct, kw_only=True, omit_defaults=True):
    """A JSON-RPC 2.0 request. `params` is validated against the method's own struct afterwards."""

    jsonrpc: Literal["2.0"]
    method: Annotated[str, Meta(min_length=1, max_length=64)]
    id: str | int | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")


class ErrorData(Struct, kw_only=True, omit_defaults=True):
    """What a program and a person need to act on an error."""

    name: str
    hint: str = ""
    retryable: bool = False
    retry_after_ms: int | None = None


class ErrorObject(Struct, kw_only=True):
    """The `error` member of a reply; `code` and `data.name` are stable, `message` is for people."""

    code: int
    message: str
    data: ErrorData
