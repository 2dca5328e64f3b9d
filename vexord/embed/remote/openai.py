"""OpenAI, and every server that speaks its embeddings request, through the SDK's asynchronous client."""

import base64
import binascii
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.embed.remote import headers as said
from vexord.embed.remote.failures import failure
from vexord.embed.remote.seam import (
    Answer,
    BadAnswer,
    Late,
    Limits,
    ProviderError,
    Rejected,
    Side,
    Transient,
)
from vexord.embed.seam import Fingerprint

if TYPE_CHECKING:
    import httpx2
    import openai

OPENAI_URL = "https://api.openai.com/v1"
TIMEOUT_S = 120.0
"""Of one request as a whole the caller decides; this ends a connection that it forgot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """In what the servers that speak OpenAI's embeddings request differ."""

    prefixes: Mapping[Side, str] = field(default_factory=dict)
    """What a model wants before a text, by its side."""
    fields: Mapping[Side, Mapping[str, str]] = field(default_factory=dict)
    """Fields that the request has besides, by side: the input types of Voyage and Cohere."""
    dimensions_field: str = ""
    """How the request asks for the fingerprint's dimensions; empty: it does not, the model has no others."""


class OpenAIProvider:
    """One model of one server. The client is the SDK's, of OpenAI or Azure, with its own retries off.

    Vectors are asked for as base64, a quarter of the bytes of decimal numbers; a server that does not know it
    is asked for numbers from then on.
    """

    def __init__(
        self,
        client: "openai.AsyncOpenAI",
        fingerprint: Fingerprint,
        limits: Limits | None = None,
        dialect: Dialect | None = None,
    ) -> None:
        self.fingerprint = fingerprint
        self.limits = limits or Limits()
        self._client = client
        self._dialect = dialect or Dialect()
        self._where = urllib.parse.urlsplit(fingerprint.endpoint).hostname or fingerprint.provider
        self._base64 = True

    async def embed(self, texts: Sequence[str], side: Side) -> Answer:
        """Send one request; see `seam.Provider`."""
        if self._base64:
            try:
                return await self._request(texts, side, "base64")
            except _NoBase64:
                self._base64 = False
        return await self._request(texts, side, "float")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.close()

    async def _request(self, texts: Sequence[str], side: Side, encoding: str) -> Answer:
        import openai

        dialect = self._dialect
        prefix = dialect.prefixes.get(side, "")
        extra: dict[str, object] = dict(dialect.fields.get(side, {}))
        if dialect.dimensions_field:
            extra[dialect.dimensions_field] = self.fingerprint.dimensions
        request: Any = self._client.embeddings.with_raw_response.create
        try:
            reply = await request(
                model=self.fingerprint.model,
                input=[prefix + text for text in texts],
                encoding_format=encoding,
                extra_body=extra or None,
            )
        except openai.APIStatusError as error:
            raise _failure(self._where, error) from None
        except openai.APITimeoutError:
            raise Late(f"{self._where} did not answer in time") from None
        except openai.APIConnectionError as error:
            cause = type(error.__cause__ or error).__name__
            raise Transient(f"the connection to {self._where} broke ({cause})") from None
        except openai.OpenAIError as error:
            raise BadAnswer(f"the answer of {self._where} cannot be read ({type(error).__name__})") from None
        return decoded(self._where, reply.content, reply.headers)


def client(api_key: str, base_url: str = OPENAI_URL) -> "openai.AsyncOpenAI":
    """Return the SDK's client for a server; local servers that want no key are given a dash."""
    import openai

    return openai.AsyncOpenAI(
        api_key=api_key or "-",
        base_url=base_url or OPENAI_URL,
        max_retries=0,
        timeout=TIMEOUT_S,
        http_client=faithful_client(),
    )


def faithful_client() -> "httpx2.AsyncClient":
    """Return the SDK's HTTP client, which else follows redirects, and would send the texts there."""
    import openai

    return openai.DefaultAsyncHttpxClient(follow_redirects=False)


def public_url(url: str) -> str:
    """Return the address without a name, password or query: it stands in fingerprints and in `status`."""
    parts = urllib.parse.urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urllib.parse.urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


class _NoBase64(Rejected):
    """The server does not know `encoding_format: base64`."""


class _Item(msgspec.Struct):
    embedding: str | list[float | None]
    index: int | None = None


class _Usage(msgspec.Struct):
    total_tokens: int | None = None
    prompt_tokens: int | None = None


class _Reply(msgspec.Struct):
    data: list[_Item]
    usage: _Usage | None = None


_REPLY = msgspec.json.Decoder(_Reply)


def decoded(where: str, content: bytes, headers: Mapping[str, str]) -> Answer:
    """Return what an embeddings reply holds.

    Raises:
        BadAnswer: it is no such reply, or some of its rows have an index and some do not.
    """
    try:
        reply = _REPLY.decode(content)
        rows = [_row(item.embedding) for item in reply.data]
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise BadAnswer(f"{where} answered something else than embeddings") from None
    places = [item.index for item in reply.data if item.index is not None]
    if places and len(places) != len(rows):
        raise BadAnswer(f"{where} numbered only some of its vectors")
    usage = reply.usage or _Usage()
    return Answer(
        rows=rows,
        places=places or None,
        tokens=usage.total_tokens or usage.prompt_tokens,
        rates=said.rates(headers),
    )


def _row(value: str | list[float | None]) -> NDArray[np.float32]:
    if isinstance(value, str):
        return np.frombuffer(base64.b64decode(value, validate=True), "<f4")
    return np.array(value, np.float32)  # null, llama.cpp's NaN, becomes NaN


def _failure(where: str, error: "openai.APIStatusError") -> ProviderError:
    text = str(error.message)[:2000]
    if error.status_code in (400, 422) and "encoding_format" in text:
        return _NoBase64(f"{where} does not know base64")
    return failure(
        where,
        error.status_code,
        error.response.headers,
        code=str(error.code or ""),
        kind=str(error.type or ""),
        text=text,
    )
