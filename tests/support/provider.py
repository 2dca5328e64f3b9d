"""A server shaped like an embeddings provider, over real HTTP, with limits, a log and faults."""

import asyncio
import base64
import contextlib
import json
import math
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xxhash
from aiohttp import web
from numpy.typing import NDArray

from tests.support.rates import RateModel

FaultKind = Literal[
    "429",  # without Retry-After
    "429 after",  # with it
    "413",
    "500",
    "503",
    "401",
    "400",
    "quota",  # 429 that no waiting mends
    "stall",  # no answer until the client gives up
    "reset",  # the connection breaks before the answer
    "reset mid-body",
    "garbage",  # a page of HTML with status 200
    "dimension",  # vectors of another length
    "nan",
    "zero",
    "null",
    "reorder",  # right numbers, another order
    "missing",
    "duplicate",  # two vectors claim one number
    "stranger",  # a number that was not asked for
    "trickle",  # right, but in small pieces
    "drip",  # small pieces without an end, until the client gives up
]
FAULTS: tuple[FaultKind, ...] = FaultKind.__args__  # type: ignore[attr-defined]
_TRICKLE_BYTES = 64
UNANSWERED = frozenset({"nan", "zero", "null", "missing", "duplicate"})
"""Faults that spoil some rows of an answer and leave the others sound."""


def tokens_of(text: str) -> int:
    """Return the server's count: a little less than what the client estimates at first."""
    return max(1, len(text.encode()) // 4)


def true_row(text: str, dimensions: int) -> NDArray[np.float32]:
    """Return the vector that the server's model has for a text, shape (dimensions,)."""
    generator = np.random.default_rng(xxhash.xxh3_64_intdigest(text.encode()))
    row = generator.standard_normal(dimensions).astype(np.float32)
    unit: NDArray[np.float32] = row / np.linalg.norm(row)
    return unit


@dataclass(slots=True)
class Log:
    """What the server saw."""

    requests: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    """Of whole answers."""
    faults: Counter[str] = field(default_factory=Counter)
    answered: Counter[str] = field(default_factory=Counter)
    """Texts for which a sound vector was sent, with how often."""
    spoilt: Counter[str] = field(default_factory=Counter)
    """Texts for which an answer held none that can be used."""
    repeated: list[str] = field(default_factory=list)
    """Texts that were asked for after they had been answered."""
    tokens: int = 0
    """Of answered requests."""
    batches: list[int] = field(default_factory=list)
    most_at_once: int = 0
    sides: list[object] = field(default_factory=list)
    """What requests said of their input's type, if anything."""
    first_texts: list[str] = field(default_factory=list)
    """The first text of each request, in order of arrival."""


class ProviderServer:
    """Listens on a free port of this machine, in a thread of its own. Settings may change while it runs."""

    def __init__(self, *, dimensions: int = 8) -> None:
        self.dimensions = dimensions
        self.script: deque[FaultKind | None] = deque()
        """What befalls the next requests, in order."""
        self.chance: Callable[[], FaultKind | None] = lambda: None
        """What befalls those after the script."""
        self.poison: dict[str, FaultKind] = {}
        """Texts that spoil every answer in which they stand."""
        self.rates: RateModel | None = None
        self.tell_rates = True
        """Whether headers tell limits, and refusals how long to wait."""
        self.max_tokens = math.inf
        self.max_items = math.inf
        self.max_input_tokens = math.inf
        self.keys = {"sk-right"}
        self.echo = False
        """Whether refusals quote the key and the texts."""
        self.retry_after_s = 0.05
        self.latency_s = 0.0
        self.held = False
        """Whether answers wait until this is no longer so."""
        self.one_at_a_time_s = 0.0
        """Seconds that each text takes, while all others wait."""
        self._turn = asyncio.Lock()
        self.numbered = True
        self.base64 = True
        self.log = Log()
        self.url = ""
        self._at_once = 0
        self._random = random.Random(5)
        self._stop = threading.Event()

    def routes(self) -> list[web.RouteDef]:
        """Return the paths that it serves."""
        return [
            web.post("/v1/embeddings", self._openai),
            web.post("/openai/deployments/{deployment}/embeddings", self._openai),
        ]

    async def _openai(self, request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ") or request.headers.get(
            "api-key", ""
        )
        body = await request.json()
        self.log.sides.append(body.get("input_type"))
        if not self.base64 and body.get("encoding_format") == "base64":
            return _error(400, "unsupported value for encoding_format: 'base64'")
        dimensions = body.get("dimensions", body.get("output_dimension", self.dimensions))
        as_text = body.get("encoding_format") == "base64"

        def body_of(rows: Sequence[tuple[int, Sequence[float] | NDArray[np.float32]]], tokens: int) -> bytes:
            data = []
            for number, row in rows:
                item: dict[str, object] = {"object": "embedding", "embedding": _written(row, as_text)}
                if self.numbered:
                    item["index"] = number
                data.append(item)
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            return json.dumps(
                {"object": "list", "data": data, "model": body["model"], "usage": usage}
            ).encode()

        return await self.serve(request, key, body["input"], dimensions, body_of)

    async def serve(
        self,
        request: web.Request,
        key: str,
        texts: list[str],
        dimensions: int,
        body_of: Callable[[Sequence[tuple[int, Sequence[float] | NDArray[np.float32]]], int], bytes],
    ) -> web.StreamResponse:
        """Answer a request of any dialect: count it, refuse it, or spoil it, as the settings want it.

        `body_of` writes (number, row) pairs and the count of tokens as the dialect does.
        """
        self._at_once += 1
        try:
            return await self._serve(request, key, texts, dimensions, body_of)
        finally:
            self._at_once -= 1

    async def _serve(self, request, key, texts, dimensions, body_of) -> web.StreamResponse:  # type: ignore[no-untyped-def]
        log = self.log
        log.requests += 1
        log.most_at_once = max(log.most_at_once, self._at_once)
        log.batches.append(len(texts))
        log.first_texts.append(texts[0])
        log.repeated += [text for text in texts if log.answered[text]]
        tokens = sum(map(tokens_of, texts))
        fault = self.script.popleft() if self.script else self.chance()
        poisoned = next((number for number, text in enumerate(texts) if text in self.poison), None)
        if poisoned is not None:
            fault = self.poison[texts[poisoned]]
        if fault:
            log.faults[fault] += 1
        refusal = self._refusal(key, texts, tokens, fault)
        if refusal is not None:
            log.statuses[refusal.status] += 1
            return refusal
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        while self.held:
            await asyncio.sleep(0.01)
        if self.one_at_a_time_s:
            async with self._turn:
                await asyncio.sleep(self.one_at_a_time_s * len(texts))
        if fault in ("stall", "reset"):
            await self._break_off(request, fault)
            return web.Response()
        victim = poisoned if poisoned is not None else self._random.randrange(len(texts))
        rows, spoilt = self._rows(texts, dimensions, fault, victim)
        log.spoilt.update(spoilt)
        content = b"<html>all is well</html>" if fault == "garbage" else body_of(rows, tokens)
        if fault in ("garbage", "dimension", "stranger"):
            spoilt = set(texts)
        return await self._send(
            request, content, [text for text in texts if text not in spoilt], tokens, fault
        )

    def _refusal(
        self, key: str, texts: list[str], tokens: int, fault: FaultKind | None
    ) -> web.Response | None:
        quoted = f" (Authorization: Bearer {key}; input: {texts})" if self.echo else ""
        if key not in self.keys or fault == "401":
            return _error(401, f"Incorrect API key provided: {key}{quoted}", code="invalid_api_key")
        refusals = {
            "quota": (429, "You exceeded your current quota", None, "insufficient_quota"),
            "500": (500, f"The server had an error{quoted}"),
            "503": (503, "The server is overloaded"),
            "400": (400, f"'$.input' is invalid{quoted}"),
            "429": (429, "slow down", None, "rate_limit_exceeded"),
            "429 after": (429, "slow down", {"Retry-After": f"{self.retry_after_s:.3f}"}),
            "413": (413, "Payload too large"),
        }
        if fault in refusals:
            return _error(*refusals[fault])
        if tokens > self.max_tokens or len(texts) > self.max_items:
            return _error(413, "Payload too large")
        if max(map(tokens_of, texts)) > self.max_input_tokens:
            return _error(400, f"This model's maximum context length is {self.max_input_tokens} tokens")
        return self._over_the_rate(tokens)

    def _over_the_rate(self, tokens: int) -> web.Response | None:
        refused = self.rates.ask(tokens) if self.rates is not None else None
        if self.rates is None or refused is None:
            return None
        said = {"Retry-After": f"{refused.retry_after_s:.3f}", **self.rates.headers()}
        what = f"Rate limit reached on {refused.resource} per min"
        return _error(429, what, said if self.tell_rates else None, "rate_limit_exceeded")

    def _rows(
        self, texts: list[str], dimensions: int, fault: FaultKind | None, victim: int
    ) -> tuple[list[tuple[int, Sequence[float] | NDArray[np.float32]]], set[str]]:
        """Return numbered rows as the fault has them, and the texts for which none is sound."""
        length = dimensions + 1 if fault == "dimension" else dimensions
        rows: list[tuple[int, Sequence[float] | NDArray[np.float32]]] = [
            (number, true_row(text, length)) for number, text in enumerate(texts)
        ]
        spoilt = {texts[victim]} if fault in UNANSWERED else set()
        if fault == "nan":
            rows[victim] = victim, np.full(dimensions, np.nan, np.float32)
        elif fault == "null":
            rows[victim] = victim, [None] * dimensions  # type: ignore[list-item]
        elif fault == "zero":
            rows[victim] = victim, np.zeros(dimensions, np.float32)
        elif fault == "missing":
            del rows[victim]
        elif fault == "duplicate":
            other = (victim + 1) % len(rows)
            rows[victim] = other, rows[victim][1]
            spoilt.add(texts[other])
            if other == victim:
                spoilt = set()
        elif fault == "stranger":
            rows[victim] = len(rows), rows[victim][1]
        elif fault == "reorder":
            self._random.shuffle(rows)
        return rows, spoilt

    async def _send(
        self, request: web.Request, content: bytes, sound: list[str], tokens: int, fault: FaultKind | None
    ) -> web.StreamResponse:
        headers = self.rates.headers() if self.rates is not None and self.tell_rates else {}
        response = web.StreamResponse(headers={"Content-Type": "application/json", **headers})
        if fault != "drip":
            response.content_length = len(content)
        await response.prepare(request)
        if fault == "trickle":
            while len(content) > _TRICKLE_BYTES:
                await response.write(content[:_TRICKLE_BYTES])
                content = content[_TRICKLE_BYTES:]
                await asyncio.sleep(0.002)
        if fault == "drip":
            await response.write(content[: len(content) // 2])
            await self._drip(request, response)
            return response
        if fault == "reset mid-body":
            await response.write(content[: len(content) // 2])
            await self._break_off(request, "reset")
            return response
        if request.transport is None or request.transport.is_closing():
            return response  # the client gave up: it cannot have this answer
        self.log.statuses[200] += 1
        self.log.answered.update(sound)
        self.log.tokens += tokens
        await response.write(content)
        await response.write_eof()
        return response

    async def _drip(self, request: web.Request, response: web.StreamResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while request.transport is not None and not self._stop.is_set():
                await response.write(b" ")
                await asyncio.sleep(0.01)

    async def _break_off(self, request: web.Request, fault: str) -> None:
        transport = request.transport
        if fault == "stall":
            while transport is not None and not transport.is_closing() and not self._stop.is_set():
                await asyncio.sleep(0.01)
        if transport is not None:
            transport.abort()


def _written(row: Sequence[float] | NDArray[np.float32], as_text: bool) -> object:
    if isinstance(row, np.ndarray):
        return base64.b64encode(row.astype("<f4").tobytes()).decode() if as_text else row.tolist()
    return list(row)


def _error(
    status: int, message: str, headers: dict[str, str] | None = None, code: str | None = None
) -> web.Response:
    content = {"error": {"message": message, "type": None, "param": None, "code": code}}
    return web.json_response(content, status=status, headers=headers)


@contextmanager
def provider_server(server: ProviderServer | None = None) -> Iterator[ProviderServer]:
    """Run a server until the block ends."""
    running = server or ProviderServer()
    ready = threading.Event()
    stop: asyncio.Event
    loop: asyncio.AbstractEventLoop

    async def serve() -> None:
        nonlocal stop, loop
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        application = web.Application(client_max_size=64 << 20)
        application.add_routes(running.routes())
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        running.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="provider", daemon=True)
    thread.start()
    assert ready.wait(10), "the provider did not start"
    try:
        yield running
    finally:
        running._stop.set()
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(stop.set)
        thread.join(10)
