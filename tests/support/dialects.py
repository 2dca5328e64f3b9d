"""The provider's server in the dialects of Google and Cohere, besides OpenAI's, Azure's and Voyage's."""

import json
from collections.abc import Sequence

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from tests.support.provider import ProviderServer

Rows = Sequence[tuple[int, Sequence[float] | NDArray[np.float32]]]


class DialectServer(ProviderServer):
    """Serves all of them; `log.sides` has what each request said of its input, `asked` its dimensions."""

    def __init__(self, *, dimensions: int = 8) -> None:
        super().__init__(dimensions=dimensions)
        self.asked: list[object] = []
        self.versions: list[object] = []

    def routes(self) -> list[web.RouteDef]:
        return [
            *super().routes(),
            web.post("/{version}/models/{call}", self._gemini),
            web.post("/v2/embed", self._cohere),
        ]

    @property
    def root(self) -> str:
        """Its address without `/v1`."""
        return self.url.removesuffix("/v1")

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body.get("dimensions", body.get("output_dimension")))
        self.versions.append(request.query.get("api-version"))
        return await super()._openai(request)

    async def _gemini(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert request.match_info["call"].endswith(":batchEmbedContents")
        requests = body["requests"]
        self.log.sides.append(requests[0].get("taskType"))
        self.asked.append(requests[0].get("outputDimensionality"))
        texts = ["".join(part["text"] for part in one["content"]["parts"]) for one in requests]

        def body_of(rows: Rows, _tokens: int) -> bytes:
            return json.dumps({"embeddings": [{"values": _listed(row)} for _, row in rows]}).encode()

        key = request.headers.get("x-goog-api-key", "")
        dimensions = requests[0].get("outputDimensionality", self.dimensions)
        answer = await self.serve(request, key, texts, dimensions, body_of)
        return _as_google(answer, self.retry_after_s) if answer.status >= 400 else answer

    async def _cohere(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.log.sides.append(body["input_type"])
        self.asked.append(body.get("output_dimension"))

        def body_of(rows: Rows, tokens: int) -> bytes:
            content = {
                "embeddings": {"float": [_listed(row) for _, row in rows]},
                "meta": {"billed_units": {"input_tokens": tokens}},
            }
            return json.dumps(content).encode()

        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        dimensions = body.get("output_dimension", self.dimensions)
        return await self.serve(request, key, body["texts"], dimensions, body_of)


def _listed(row: Sequence[float] | NDArray[np.float32]) -> list[float]:
    return row.tolist() if isinstance(row, np.ndarray) else list(row)


def _as_google(answer: web.StreamResponse, retry_after_s: float) -> web.Response:
    """Google tells in the body what others tell in headers."""
    details: list[dict[str, str]] = []
    if answer.status == 429:
        details.append(
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after_s}s"}
        )
    if answer.status == 401:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"})
    status = 400 if answer.status == 401 else answer.status
    content = {"error": {"code": status, "message": "no", "status": "SOME_STATUS", "details": details}}
    return web.json_response(content, status=status)
