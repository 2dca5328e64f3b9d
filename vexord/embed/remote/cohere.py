"""Cohere's models, by its own embed request: the compatible one knows no input types."""

from collections.abc import Sequence

import msgspec
import numpy as np

from vexord.embed.remote import headers as said
from vexord.embed.remote.failures import failure
from vexord.embed.remote.openai import TIMEOUT_S
from vexord.embed.remote.seam import Answer, BadAnswer, Limits, Side, Transient
from vexord.embed.seam import Fingerprint

INPUT_TYPES = {"query": "search_query", "document": "search_document"}


class _Embeddings(msgspec.Struct):
    floats: list[list[float]] = msgspec.field(name="float")


class _Units(msgspec.Struct):
    input_tokens: float = 0


class _Meta(msgspec.Struct):
    billed_units: _Units | None = None


class _Reply(msgspec.Struct):
    embeddings: _Embeddings
    meta: _Meta | None = None


_REPLY = msgspec.json.Decoder(_Reply)


class CohereProvider:
    """One model; see `seam.Provider`."""

    def __init__(self, api_key: str, fingerprint: Fingerprint, limits: Limits, ask_dimensions: bool) -> None:
        """`ask_dimensions`: ask for those of the fingerprint, instead of what the model has."""
        self.fingerprint = fingerprint
        self.limits = limits
        self._dimensions = {"output_dimension": fingerprint.dimensions} if ask_dimensions else {}
        import httpx2

        self._client = httpx2.AsyncClient(
            base_url=fingerprint.endpoint,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=TIMEOUT_S,
            follow_redirects=False,
        )

    async def embed(self, texts: Sequence[str], side: Side) -> Answer:
        """Send one request; see `seam.Provider`."""
        import httpx2

        body = {
            "model": self.fingerprint.model,
            "texts": list(texts),
            "input_type": INPUT_TYPES[side],
            "embedding_types": ["float"],
            "truncate": "NONE",
            **self._dimensions,
        }
        try:
            reply = await self._client.post("/embed", json=body)
        except httpx2.TimeoutException:
            raise Transient("cohere did not answer in time") from None
        except httpx2.HTTPError as error:
            raise Transient(f"the connection to cohere broke ({type(error).__name__})") from None
        if reply.status_code != 200:
            raise failure("cohere", reply.status_code, reply.headers, text=reply.text[:2000])
        try:
            told = _REPLY.decode(reply.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadAnswer("cohere answered something else than embeddings") from None
        rows = [np.array(row, np.float32) for row in told.embeddings.floats]
        units = told.meta.billed_units if told.meta is not None else None
        return Answer(
            rows=rows,
            tokens=int(units.input_tokens) if units is not None else None,
            rates=said.rates(reply.headers),
        )

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()
