"""What stands in the way of reading a project's files: told in its health, and tried again by itself."""

from collections.abc import Iterable, Sequence

from vexor_protocol.health import SkippedFiles

from vexord.ingest.health import Health
from vexord.ingest.pipeline import Outcome
from vexord.ingest.root import shown
from vexord.ingest.walk import WalkReport

RETRY_S = 1.0
"""After descriptors or memory ran out."""
FIRST_LOOK_S, LAST_LOOK_S = 1.0, 64.0
"""A file that changes while it is read is looked at again, later each time."""
_NAMED = 3
NOT_WHOLE = frozenset({"read_error", "out_of_resources"})
"""Degraded states in which no answer is fresh: something that should be in the index could not be read."""


class Trouble:
    """Files that give no rest, what the disk does not give us, and times when we cannot open anything."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._restless: dict[str, tuple[float, float]] = {}
        self._failed: dict[str, str] = {}
        self._rest_until_s = 0.0

    def absorb(self, outcome: Outcome, more: Iterable[str], now: float) -> None:
        """Note what became of some files; `more`: those that were taken in besides."""
        touched, taken = (told[0] for told in outcome.touched), (file.path for file in outcome.upserts)
        for path in (*taken, *touched, *outcome.deletes, *more):
            self._failed.pop(path, None)
            if path not in outcome.unsettled:
                self._restless.pop(path, None)
        for path in outcome.unsettled:
            delay_s = min(LAST_LOOK_S, 2 * self._restless.get(path, (0.0, FIRST_LOOK_S / 2))[1])
            self._restless[path] = (now + delay_s, delay_s)
        if outcome.failed:
            self._failed |= outcome.failed
            self._tell()

    def take_due(self, now: float) -> list[str]:
        """Return the restless files whose time has come; `absorb` hears of them again."""
        due = [path for path, (due_s, _) in self._restless.items() if due_s <= now]
        for path in due:
            self._restless[path] = (float("inf"), self._restless[path][1])
        return due

    def due_in(self, now: float) -> float:
        """Seconds until a file should be looked at again."""
        return max(0.0, min((due for due, _ in self._restless.values()), default=float("inf")) - now)

    def ran_out(self, error: OSError, now: float) -> None:
        """Nothing more can be opened: rest a while, and compare the whole tree then."""
        self._rest_until_s = now + RETRY_S
        self._health.degrade("out_of_resources", f"files cannot be opened: {error.strerror}")

    def rest_in(self, now: float) -> float:
        """Seconds until it is worth trying again; 0 if nothing hinders."""
        return max(0.0, self._rest_until_s - now)

    def scan_began(self) -> None:
        """Everything is looked at anew."""
        self._failed.clear()

    def scan_ended(self, report: WalkReport, rules_left_out: Sequence[str]) -> None:
        """The whole tree was looked at, but for what the walk could not enter, and not under these rules."""
        more = f" and {len(rules_left_out) - _NAMED} more" if len(rules_left_out) > _NAMED else ""
        named = ", ".join(map(shown, rules_left_out[:_NAMED]))
        self._health.note("rules_left_out", f"not obeyed: {named}{more}" if named else "")
        self._failed |= report.failed
        self._health.mended("out_of_resources")
        self._tell()
        self._health.left_out = [
            SkippedFiles(reason=reason, count=count, examples=examples)
            for reason, count, examples in (
                ("path_too_long", report.too_deep, report.too_deep_examples),
                ("unreadable_folder", report.unreadable, report.unreadable_examples),
            )
            if count
        ]

    def _tell(self) -> None:
        if not self._failed:
            self._health.mended("read_error")
            return
        path, error = next(iter(self._failed.items()))
        self._health.degrade("read_error", f"{len(self._failed)} cannot be read, e.g. {path or '.'}: {error}")
