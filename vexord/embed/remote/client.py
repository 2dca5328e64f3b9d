"""Embeds texts by a provider, whatever it does: in order, at its pace, each once, and every answer kept."""

import asyncio
import contextlib
import logging
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vexord.embed.remote.batches import BatchSize
from vexord.embed.remote.breaker import Breaker
from vexord.embed.remote.check import sound
from vexord.embed.remote.delivery import Delivery, Parcel, Sink
from vexord.embed.remote.failures import unexpected
from vexord.embed.remote.figures import Figures, Tally, state
from vexord.embed.remote.line import Line
from vexord.embed.remote.pace import Pace, Ticket
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import (
    Answer,
    BadAnswer,
    Late,
    Provider,
    ProviderError,
    Rejected,
    Throttled,
    TooLarge,
    Transient,
)
from vexord.embed.remote.sizes import TokenCounter, cut, raw_tokens
from vexord.embed.remote.work import Job, Piece, Request, Text
from vexord.embed.seam import Vectors, quantise

logger = logging.getLogger(__name__)


class Client:
    """One endpoint's requests for all projects. Made, used and closed in one event loop.

    A key is embedded once while it waits or is on its way, whoever asks for it; whether a row is there
    already the caller asks its cache, in the same turn of the loop as `add`.
    """

    def __init__(self, provider: Provider, sink: Sink, policy: Policy | None = None) -> None:
        self._policy = policy or Policy()
        self._provider = provider
        self._delivery = Delivery(sink)
        self._pace = Pace(provider.limits, self._policy)
        self._breaker = Breaker(self._policy)
        self._size = BatchSize(provider.limits, self._policy)
        self._counter = TokenCounter()
        self._line = Line()
        self._waiting: dict[int, Text] = {}
        """Texts that have no row yet, by key."""
        self._tally = Tally()
        self._trouble: ProviderError | None = None
        """The last failure, until an answer comes."""
        self._given_up_since_answer = 0
        self._changed = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._closing = False
        self._loop = asyncio.get_running_loop().create_task(self._run(), name="provider")
        self._loop.add_done_callback(self._landed)

    def add(self, project: str, requests: Sequence[Request], *, first: bool = False) -> None:
        """Have texts embedded for a project; `first`: before all that waits, as an edit wants it."""
        pieces: list[Piece] = []
        for request in requests:
            text = self._waiting.get(request.key)
            if text is None or text.forgotten:
                text = self._waiting[request.key] = Text(request.key, request.name)
                pieces += self._pieces(text, request.text)
            text.projects.add(project)
        self._line.add(project, pieces, first=first)
        self._changed.set()

    def forget(self, project: str) -> None:
        """The project has gone: what only it waits for is not sent any more."""
        for text in self._waiting.values():
            text.projects.discard(project)
        self._waiting = {key: text for key, text in self._waiting.items() if not text.forgotten}
        self._changed.set()

    async def queries(self, texts: Sequence[str], timeout_s: float) -> Vectors:
        """Embed questions, before all else; shape (len(texts), dimensions).

        Raises:
            ProviderError: there is no answer in time, or none to be expected: the breaker is open, or the
                provider wants nothing for longer than that.
        """
        if not texts:
            return np.zeros((0, self._provider.fingerprint.dimensions), np.int8)
        wait = max(self._breaker.wait_s(), self._pace.held_s())
        if wait > timeout_s:
            raise self._trouble or Transient(
                "a request that tries whether the provider is well is on its way"
            )
        loop = asyncio.get_running_loop()
        asked = [Text(0, "query", future=loop.create_future()) for _ in texts]
        pieces = [
            piece for text, content in zip(asked, texts, strict=True) for piece in self._pieces(text, content)
        ]
        self._line.ask(Job(pieces, "query"))
        self._changed.set()
        futures = [text.future for text in asked if text.future is not None]
        try:
            async with asyncio.timeout(timeout_s):
                rows = await asyncio.gather(*futures)
        except TimeoutError:
            raise self._trouble or Transient(f"no answer within {timeout_s:g} s") from None
        finally:
            for future in futures:
                future.cancel()
        return quantise(np.stack(rows))

    def waiting(self, project: str | None = None) -> int:
        """Return how many texts, of one project or all, have no row yet."""
        if project is None:
            return len(self._waiting)
        return sum(project in text.projects for text in self._waiting.values())

    def figures(self) -> Figures:
        """Return what was done and how it stands, for `status`."""
        trouble = self._breaker.cause or self._trouble
        resumes = self._breaker.wait_s() or self._pace.held_s()
        return self._tally.figures(
            waiting=len(self._waiting),
            in_flight=self._pace.in_flight,
            window=self._pace.window,
            batch_items=self._size.items,
            batch_tokens=self._size.tokens,
            unkept=len(self._delivery),
            state=state(self._breaker, trouble),
            problem=str(trouble) if trouble else "",
            resumes_in_s=resumes if math.isfinite(resumes) else 0.0,
        )

    async def close(self) -> None:
        """Send nothing more, wait a while for what is on its way, keep it, and let go."""
        self._closing = True
        self._changed.set()
        await self._loop
        if self._flying:
            await asyncio.wait(self._flying, timeout=self._policy.grace_s)
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        self._delivery.flush()
        self._fail_questions(Transient("the client is closed"))
        await self._provider.close()

    def _pieces(self, text: Text, content: str) -> list[Piece]:
        """Cut a text that is longer than the model takes, by the estimate; if it errs, the provider tells."""
        content = content.encode("utf-8", "replace").decode()  # paths may hold bytes that are not UTF-8
        tokens = self._counter.tokens(raw_tokens(content))
        parts = [content]
        if tokens > self._provider.limits.input_tokens:
            parts = cut(content, math.ceil(tokens / self._provider.limits.input_tokens))
            self._tally.split += 1
        text.open_pieces = len(parts)
        return [Piece(text, part, raw_tokens(part)) for part in parts]

    async def _run(self) -> None:
        while not self._closing:
            self._changed.clear()
            wait = self._start_some()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait if math.isfinite(wait) else None):
                    await self._changed.wait()

    def _start_some(self) -> float:
        """Send what may be sent now; return the seconds until that may be different."""
        while True:
            rest = self._breaker.wait_s()
            if rest:
                return rest
            now = self._policy.now()
            job = self._line.question(now)
            if job is None:
                if self._delivery:
                    self._kept(self._delivery.flush())
                if self._delivery:
                    return self._policy.backoff_s
                job = self._line.batch(now, self._size.items, self._room())
            if job is None:
                return self._line.next_time(now)
            wait = self._pace.wait_s(self._counter.tokens(job.raw), urgent=job.side == "query")
            if wait:
                self._line.put_back(job)
                return min(wait, self._line.next_time(now, ("query",)))
            self._send(job)

    def _room(self) -> float:
        """Return the raw tokens of the next batch, at most."""
        return self._counter.raw(min(self._size.tokens, self._pace.largest_tokens))

    def _send(self, job: Job) -> None:
        self._breaker.sent()
        self._tally.sent(job)
        for piece in job.pieces:
            piece.sent = True
            piece.text.flying += 1
        tokens = self._counter.tokens(job.raw)
        job.probe = job.side == "document" and self._size.sent(len(job.pieces), tokens)
        ticket = self._pace.sent(tokens)
        task = asyncio.get_running_loop().create_task(self._carry(job, ticket))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: "asyncio.Task[None]") -> None:
        self._flying.discard(task)
        self._changed.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a fault of ours while talking to the provider", exc_info=error)

    async def _carry(self, job: Job, ticket: Ticket) -> None:
        """Send a job, and see to what comes back."""
        outcome: Answer | ProviderError
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                outcome = await self._provider.embed([piece.content for piece in job.pieces], job.side)
            places, rows = sound(outcome, len(job.pieces), self._provider.fingerprint.dimensions)
        except TimeoutError:
            outcome = Late(f"no answer within {self._policy.timeout_s:g} s")
        except ProviderError as error:
            outcome = error
        except Exception as error:  # of an SDK: whatever it is, the texts must not be lost over it
            outcome = unexpected(error)
        for piece in job.pieces:
            piece.text.flying -= 1
        if job.probe:
            self._size.back()
        if isinstance(outcome, Answer):
            self._answered(job, ticket, outcome, places, rows)
        else:
            self._trouble = outcome
            self._came_back(job, ticket, outcome)
        self._forget_unwanted(job)

    def _answered(
        self, job: Job, ticket: Ticket, answer: Answer, places: list[int], rows: NDArray[np.float32]
    ) -> None:
        estimated = self._counter.tokens(job.raw)
        if answer.tokens is not None:
            self._counter.heard(job.raw, answer.tokens)
        tokens = estimated if answer.tokens is None else answer.tokens
        if not job.part and job.side == "document":
            crowded = self._pace.crowded(self._policy.now() - ticket.sent_at)
            self._size.went_well(len(job.pieces), estimated, crowded)
        self._pace.answered(ticket, tokens, answer.rates)
        self._breaker.answered()
        self._trouble = None
        self._given_up_since_answer = 0
        self._tally.answered(len(places), tokens)
        self._hand_on([(job.pieces[place], row) for place, row in zip(places, rows, strict=True)])
        answered = set(places)
        self._strike(job, [piece for place, piece in enumerate(job.pieces) if place not in answered])

    def _hand_on(self, answered: Sequence[tuple[Piece, NDArray[np.float32]]]) -> None:
        """Give questions their rows, and texts that are whole to the sink."""
        keys: list[int] = []
        rows: list[NDArray[np.float32]] = []
        projects: Counter[str] = Counter()
        for piece, part in answered:
            text = piece.text
            row = text.answered(part, piece.raw)
            if row is None:
                continue
            if text.future is None:
                keys.append(text.key)
                rows.append(row)
                projects.update(text.projects)
                text.done = True
            elif not text.future.done():
                text.future.set_result(row)
        if keys:
            self._kept(self._delivery.add(Parcel(keys, quantise(np.stack(rows)), projects)))

    def _kept(self, keys: Sequence[int]) -> None:
        for key in keys:
            self._waiting.pop(key, None)

    def _came_back(self, job: Job, ticket: Ticket, error: ProviderError) -> None:
        """Decide what becomes of a job without an answer."""
        if isinstance(error, Throttled):
            self._tally.throttled += 1
            self._pace.throttled(ticket, error)
            self._breaker.undecided()
            self._line.again(job)
            return
        self._tally.failed += 1
        self._tally.timeouts += isinstance(error, Late)
        self._pace.failed(ticket, overloaded=isinstance(error, Transient))
        if isinstance(error, TooLarge):
            self._breaker.undecided()
            self._too_large(job, str(error))
        elif isinstance(error, Rejected | BadAnswer):
            self._not_taken(job, error)
        else:
            self._breaker_failed(error)
            slow = isinstance(error, Late) and self._shrink(job)
            for part in job.halves() if slow and job.failures else (job,):
                self._again(part, job.failures + 1, error)

    def _not_taken(self, job: Job, error: ProviderError) -> None:
        """One text of a request may be at fault: halve it until it stands alone, and then give it up.

        Where nothing was answered since some were given up, the fault is not the texts'.
        """
        if len(job.pieces) > 1:
            self._breaker_failed(error)
            for half in job.halves():
                self._again(half, job.failures + 1)
            return
        piece = job.pieces[0]
        proven = self._tally.answers and self._given_up_since_answer < self._policy.strikes
        piece.strikes += bool(proven)
        if proven and (isinstance(error, Rejected) or piece.strikes >= self._policy.strikes):
            self._given_up_since_answer += 1
            self._breaker.undecided()
            self._set_aside(piece.text, str(error))
        else:
            self._breaker_failed(error)
            self._again(job, job.failures + 1)

    def _too_large(self, job: Job, reason: str) -> None:
        """Send it in two parts."""
        self._tally.too_large += 1
        if self._shrink(job) and job.side == "document":
            self._line.back(job.pieces)
            return
        if len(job.pieces) > 1:
            for half in job.halves():
                self._line.again(half)
            return
        self._size.one_was_too_large()
        piece = job.pieces[0]
        parts = cut(piece.content, 2)
        if len(parts) < 2:
            self._set_aside(piece.text, reason)
            return
        self._tally.split += piece.text.open_pieces == 1
        piece.text.open_pieces += 1
        for part in parts:
            self._line.again(Job([Piece(piece.text, part, raw_tokens(part))], job.side, part=True))

    def _shrink(self, job: Job) -> bool:
        """Make batches smaller if a job's size may have been the trouble; return whether it may."""
        several = len(job.pieces) > 1
        return several and self._size.too_large(len(job.pieces), self._counter.tokens(job.raw))

    def _again(self, job: Job, failures: int, error: ProviderError | None = None) -> None:
        asked = error.retry_after_s if isinstance(error, Transient) else None
        job.failures = failures
        job.not_before = self._policy.now() + (self._policy.backoff(failures) if asked is None else asked)
        self._line.again(job)

    def _breaker_failed(self, error: ProviderError) -> None:
        self._breaker.failed(error)
        if self._breaker.open:
            self._fail_questions(error)

    def _strike(self, job: Job, pieces: Sequence[Piece]) -> None:
        """Send again what an answer left out; set aside what is left out time and again."""
        left: list[Piece] = []
        for piece in pieces:
            piece.strikes += 1
            if piece.strikes >= self._policy.strikes:
                self._set_aside(piece.text, "the provider answers without a usable vector for it")
            else:
                left.append(piece)
        self._tally.left_out += len(pieces)
        if left:
            self._again(Job(left, job.side, part=True), max(piece.strikes for piece in left))

    def _set_aside(self, text: Text, reason: str) -> None:
        if text.future is not None:
            if not text.future.done():
                text.future.set_exception(Rejected(reason))
        elif not text.over:
            text.done = True
            self._waiting.pop(text.key, None)
            self._tally.set_aside(text.name, reason)
            self._delivery.set_aside(text.key, text.name, reason)

    def _forget_unwanted(self, job: Job) -> None:
        """Texts of projects that went while they were on their way, and came back without an answer."""
        for piece in job.pieces:
            if piece.text.forgotten and self._waiting.get(piece.text.key) is piece.text:
                del self._waiting[piece.text.key]

    def _fail_questions(self, error: ProviderError) -> None:
        for job in self._line.drop_questions():
            for piece in job.pieces:
                if piece.text.future is not None and not piece.text.future.done():
                    piece.text.future.set_exception(error)
