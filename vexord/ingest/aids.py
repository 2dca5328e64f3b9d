"""What all projects share to get their work done: the crew, and the second model."""

from dataclasses import dataclass

from vexor_protocol.health import Degraded

from vexord.ingest.crew import Crew
from vexord.ingest.refine import Refiner


@dataclass(frozen=True, slots=True)
class Aids:
    """Either may be missing: the main loop then works alone, or with the embedded model alone."""

    crew: Crew | None = None
    refiner: Refiner | None = None
    problem: Degraded | None = None
    """Why there is no second model, though one was chosen."""

    def close(self) -> None:
        """End processes and threads."""
        if self.crew is not None:
            self.crew.close()
        if self.refiner is not None:
            self.refiner.close()
