"""What embedding costs before it is done, and whether a project may begin without being asked."""

import math
from dataclasses import dataclass

from vexor_protocol.health import Estimate

from vexord.embed.choice import Embedding
from vexord.embed.remote.catalogue import PRICES_OF, price
from vexord.embed.remote.choose import consent_name
from vexord.embed.remote.sizes import BYTES_A_TOKEN
from vexord.ingest.plan import Lacking

SMALL_USD = 0.10
SMALL_TOKENS = 1_000_000
"""Where no price is known."""


@dataclass(frozen=True, slots=True)
class Spending:
    """Of one choice of a remote model."""

    consent: str
    """What a project's registration must say for more than a little to be spent: provider and model."""
    usd: float | None
    """List price of a million tokens; None where it is not known."""
    own: bool
    """Whether the server is the user's own, so that nothing is paid."""

    @classmethod
    def of(cls, chosen: Embedding) -> "Spending":
        """Look the price up."""
        name = chosen.model or chosen.deployment
        return cls(consent_name(chosen), price(chosen.provider, name), chosen.provider == "compatible")

    def estimate(self, lacking: Lacking) -> Estimate:
        """Return what it takes to embed so much."""
        tokens = math.ceil(lacking.bytes / BYTES_A_TOKEN)
        usd = 0.0 if self.own else None if self.usd is None else round(tokens * self.usd / 1e6, 4)
        return Estimate(chunks=lacking.chunks, tokens=tokens, usd=usd, prices_of=PRICES_OF)

    def is_small(self, lacking: Lacking) -> bool:
        """Whether so much may be spent without consent."""
        told = self.estimate(lacking)
        return told.tokens <= SMALL_TOKENS if told.usd is None else told.usd <= SMALL_USD
