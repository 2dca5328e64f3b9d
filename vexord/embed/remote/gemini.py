"""Google's Gemini models, through the asynchronous client of google-genai."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vexord.embed.remote import headers as said
from vexord.embed.remote.catalogue import known_model
from vexord.embed.remote.failures import failure
from vexord.embed.remote.openai import TIMEOUT_S
from vexord.embed.remote.seam import Answer, BadAnswer, Limits, ProviderError, Side, Throttled, Transient
from vexord.embed.seam import Fingerprint

if TYPE_CHECKING:
    from google import genai

TASKS = {"query": "CODE_RETRIEVAL_QUERY", "document": "RETRIEVAL_DOCUMENT"}
"""Google's pair for code that is found by a question. Models that take prefixes have no task types."""


class GeminiProvider:
    """One model; see `seam.Provider`. Google does not say how many tokens it counted."""

    def __init__(self, api_key: str, fingerprint: Fingerprint, limits: Limits, ask_dimensions: bool) -> None:
        """`ask_dimensions`: ask for those of the fingerprint, instead of what the model has."""
        self.fingerprint = fingerprint
        self.limits = limits
        self._prefixes = known_model("gemini", fingerprint.model).prefixes
        self._dimensions = fingerprint.dimensions if ask_dimensions else None
        self._client = _client(api_key, fingerprint.endpoint)

    async def embed(self, texts: Sequence[str], side: Side) -> Answer:
        """Send one request; see `seam.Provider`."""
        import httpx2
        import pydantic
        from google.genai import errors, types

        prefix = self._prefixes.get(side, "")
        config = types.EmbedContentConfig(
            task_type=None if self._prefixes else TASKS[side], output_dimensionality=self._dimensions
        )
        contents: Any = [types.Content(parts=[types.Part(text=prefix + text)]) for text in texts]
        try:
            reply = await self._client.aio.models.embed_content(
                model=self.fingerprint.model, contents=contents, config=config
            )
        except errors.APIError as error:
            raise _failure(error) from None
        except httpx2.TimeoutException:
            raise Transient("gemini did not answer in time") from None
        except httpx2.TransportError as error:
            raise Transient(f"the connection to gemini broke ({type(error).__name__})") from None
        except (errors.UnknownApiResponseError, pydantic.ValidationError, ValueError):
            raise BadAnswer("gemini answered something else than embeddings") from None
        rows = [np.array(one.values or (), np.float32) for one in reply.embeddings or ()]
        return Answer(rows=rows)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aio.aclose()


def _client(api_key: str, endpoint: str) -> "genai.Client":
    """Return the SDK's client with its own retries off, and on httpx2 whatever else is installed."""
    import httpx2
    from google import genai
    from google.genai import types

    return genai.Client(
        api_key=api_key,
        vertexai=False,
        http_options=types.HttpOptions(
            base_url=endpoint,
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_async_client=httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False),
        ),
    )


def _failure(error: Any) -> ProviderError:
    """Google says in the error's details what it does not say in headers: how long to wait, and for what."""
    reply = error.details if isinstance(error.details, dict) else {}
    inner = reply.get("error", reply)
    told = inner.get("details") if isinstance(inner, dict) else None
    told = told if isinstance(told, list) else []
    headers = dict(error.response.headers) if error.response is not None else {}
    text = str(error.message or "")[:2000]
    if error.code == 400 and "API_KEY_INVALID" in str(told):
        return failure("gemini", 401, headers, code="API_KEY_INVALID")
    found = failure("gemini", error.code, headers, code=str(error.status or ""), text=text)
    if isinstance(found, Throttled):
        found.retry_after_s = found.retry_after_s or _delay_s(told)
        if "token" in str(told).lower():
            found.resource = "tokens"
    return found


def _delay_s(details: Sequence[object]) -> float | None:
    """Return the seconds of a `google.rpc.RetryInfo`, e.g. `"retryDelay": "20s"`."""
    found = [str(one["retryDelay"]) for one in details if isinstance(one, dict) and "retryDelay" in one]
    return said.duration_s(found[0]) if found else None
