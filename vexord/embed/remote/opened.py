"""The provider that was chosen, opened when it is first asked and again when its key may have been mended."""

import os
from collections.abc import Callable, Mapping, Sequence

import msgspec
from vexor_protocol.settings import ConfigError

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.remote.choose import limits_of, open_provider, remote_fingerprint
from vexord.embed.remote.seam import Answer, Limits, Provider, Refused, Side


class ChosenProvider:
    """A `seam.Provider` that can always be made: what is missing is told by the first request.

    The SDK is imported then, not before. After a refusal the key is looked up anew, so a mended one is found
    by the client's next try.
    """

    def __init__(
        self,
        chosen: Embedding,
        *,
        share: float = 1.0,
        dimensions: int = 0,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """`share`: of the requests and tokens a minute that were chosen; `dimensions`: if they are known."""
        fingerprint = remote_fingerprint(chosen)
        self.fingerprint = msgspec.structs.replace(
            fingerprint, dimensions=fingerprint.dimensions or dimensions
        )
        self.limits: Limits = limits_of(chosen, share)
        self._open: Callable[[], Provider] = lambda: open_provider(chosen, environment)
        self._provider: Provider | None = None

    async def embed(self, texts: Sequence[str], side: Side) -> Answer:
        """Send one request; see `seam.Provider`."""
        provider = self._provider
        try:
            if provider is None:
                provider = self._provider = self._open()
            answer = await provider.embed(texts, side)
        except (ModelError, ConfigError) as error:
            raise Refused(str(error)) from None
        except Refused:
            self._provider = None
            if provider is not None:
                await provider.close()
            raise
        if not self.fingerprint.dimensions and answer.rows:
            length = len(answer.rows[0])
            self.fingerprint = msgspec.structs.replace(self.fingerprint, dimensions=length)
        return answer

    async def close(self) -> None:
        """Let go of the connections."""
        if self._provider is not None:
            await self._provider.close()
