"""Queries embedded by a provider, for threads that wait: not longer than a searcher does."""

import asyncio
import os
import threading
from collections.abc import Sequence
from dataclasses import replace

from vexor_protocol.health import Degraded, RemoteFigures
from vexor_protocol.settings import KEY_VARIABLE

from vexord.embed.kept import Kept
from vexord.embed.remote.choose import import_sdk
from vexord.embed.remote.client import Client
from vexord.embed.remote.figures import Figures, provider_problem, told
from vexord.embed.remote.loop import LoopThread
from vexord.embed.remote.opened import ChosenProvider
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import ProviderError
from vexord.embed.remote.secrets import has_secret
from vexord.embed.seam import Fingerprint, NotNowError, Vectors

TIMEOUT_S = 2.0
"""A question is answered without the provider's part after so long."""
SHARE = 0.1
"""Of the requests and tokens a minute that were chosen; the indexer has the rest."""
FAILURES = 2
"""So many in a row, and questions are answered without the provider at once, until it is well again."""
CLOSE_S = 1.0
_FETCHED = 256
"""Rows of `prefetch` that wait to be asked for; a request has a hundred queries at most."""


class RemoteQueries:
    """Thread-safe; the provider is first asked when the first query comes."""

    def __init__(self, kept: Kept, *, shared_key: bool, policy: Policy | None = None) -> None:
        """`shared_key`: whether VEXORD_API_KEY is meant for this provider; another's is not shown to it."""
        self.kept = kept
        self._policy = replace(
            policy or Policy(), timeout_s=TIMEOUT_S, failures=FAILURES, grace_s=CLOSE_S / 2
        )
        hidden = () if shared_key else (KEY_VARIABLE,)
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        self._provider = ChosenProvider(kept.chosen, share=SHARE, environment=environment)
        self._lock = threading.Lock()
        self._loop: LoopThread | None = None
        self._client: Client | None = None
        self._fetched: dict[str, Vectors | NotNowError] = {}
        self._figures: Figures | None = None

    @property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        return self.kept.fingerprint

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions).

        Raises:
            NotNowError: it cannot be had now; the message says why.
        """
        with self._lock:
            found = self._fetched.pop(text, None)
        if found is None:
            if has_secret(text):
                raise NotNowError("the query looks as if it held a secret, and was not sent to the provider")
            found = self._ask([text])
        if isinstance(found, NotNowError):
            raise found
        return found

    def prefetch(self, texts: Sequence[str]) -> None:
        """Embed many at once; `embed_query` then returns each, or says why it is not there."""
        wanted = [text for text in dict.fromkeys(texts) if text.strip() and not has_secret(text)][:_FETCHED]
        if not wanted:
            return
        found = self._ask(wanted)
        with self._lock:
            self._fetched.clear()
            for place, text in enumerate(wanted):
                self._fetched[text] = found if isinstance(found, NotNowError) else found[place : place + 1]

    def figures(self) -> RemoteFigures | None:
        """Return what was asked so far; None if nothing was."""
        return told(self._figures) if self._figures is not None else None

    def problem(self) -> Degraded | None:
        """Return why questions are not asked, if it is the provider's fault and not only for a moment."""
        return provider_problem(self.kept.chosen.provider, self._figures)

    def close(self) -> None:
        """Let go of connections and thread."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.close(self._close(), CLOSE_S)

    def _ask(self, texts: Sequence[str]) -> Vectors | NotNowError:
        with self._lock:
            if self._loop is None:
                import_sdk(self.kept.chosen)  # a second of work that is no part of the question's time
                self._loop = LoopThread("queries")
            loop = self._loop
        future = loop.run(self._queries(texts))
        try:
            return future.result(TIMEOUT_S * 2)
        except ProviderError as error:
            return NotNowError(str(error))
        except (TimeoutError, asyncio.CancelledError):
            future.cancel()
            return NotNowError(f"no answer within {TIMEOUT_S:g} s")

    async def _queries(self, texts: Sequence[str]) -> Vectors:
        if self._client is None:
            self._client = Client(self._provider, _Nobody(), self._policy)
        try:
            return await self._client.queries(texts, TIMEOUT_S)
        finally:
            self._figures = self._client.figures()

    async def _close(self) -> None:
        if self._client is not None:
            await self._client.close()


class _Nobody:
    """The sink of a client that is only asked questions."""

    def keep(self, *_: object) -> None:
        """Nothing is kept."""

    def set_aside(self, *_: object) -> None:
        """Nothing is set aside."""
