"""Gives chunks rows of the second model, the latest files first, and has them published now and then."""

import logging
import sqlite3
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from vexor_protocol.health import Degraded, HeldBack, RemoteFigures, SecondModel

from vexord.embed.salvage import is_damage
from vexord.ingest.makers import Item, Made, RowMaker
from vexord.ingest.outgoing import Give, Outgoing, give_local, give_remote
from vexord.ingest.plan import Lacking, Plan
from vexord.ingest.rows import KeptRows
from vexord.link.messages import Published

if TYPE_CHECKING:
    from vexord.ingest.project import Project
    from vexord.ingest.spending import Spending

logger = logging.getLogger(__name__)

STEP_S = 0.005
"""Longest time for which files are read in one step."""
PUBLISH_CHUNKS = 256
PUBLISH_SHARE = 0.25
"""Rows are published when they are so many, and so large a part of those published: all are written anew."""
SMALL_SEGMENT = 4_096
SMALL_AFTER_S = 1.0
"""Rows of so small segments are published after so much time: they are what was just edited."""
LARGE_AFTER_S = 30.0
"""Those of any after so much, however slowly they come."""
CACHE_RETRY_S = 5.0
MAX_PLACES = 500
"""That look like secrets, of one project, are told."""
FAILED = "second_model_failed"


@dataclass(slots=True)
class _Work:
    """Of one project."""

    project: "Project"
    plan: Plan = field(default_factory=Plan)
    texts: deque[Item] = field(default_factory=deque)
    """Read, and not yet given to the maker."""
    first: bool = False
    """Whether they are of a file that was written since the daemon began."""
    waiting: Counter[str] = field(default_factory=Counter)
    """Path → texts with the maker."""
    due: Counter[str] = field(default_factory=Counter)
    """Segment → rows that are known and perhaps not published."""
    held_back: dict[str, tuple[bytes, Outgoing]] = field(default_factory=dict)
    """Path → its content's hash when it was read, and what of it stays here because it looks like secrets."""
    spent: Lacking = field(default_factory=Lacking)
    """Without consent, since this process began."""
    known: int = 0
    """Rows that were found or came, of this model."""
    published_s: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> bool:
        """Whether something is there to be given to the maker."""
        return bool(self.texts) or not self.plan.done


class Refiner:
    """The second model's work for all projects; called by the indexer's main loop."""

    def __init__(self, rows: KeptRows, maker: RowMaker, spending: "Spending | None" = None) -> None:
        """`spending` is of a provider: what it is not paid for does not leave the machine either."""
        self.rows = rows
        self.urgent = maker.urgent
        self._maker = maker
        self._spending = spending
        self._give: Give = give_local if spending is None else give_remote
        self._work: dict[str, _Work] = {}
        self._in_flight: dict[int, list[tuple[_Work, str]]] = {}
        """Hash with the maker → who wants it, and for which path."""
        self._unfit: set[int] = set()
        self._began_ns = time.time_ns()
        self._made: deque[Made] = deque()
        """What came of the maker and could not be kept yet."""
        self._cache_problem = ""
        self._rests_until_s = 0.0

    @property
    def holds_rows(self) -> bool:
        """Whether rows are known that are not published yet, and can be."""
        if self._resting:
            return False
        return any(work.due and not work.project.writer.second.switching for work in self._work.values())

    def problem(self) -> Degraded | None:
        """Return why the second model rests, if it does."""
        if self._cache_problem:
            return Degraded(
                name=FAILED,
                message=f"its cache cannot be used: {self._cache_problem}",
                hint=f"make room or mend the rights of {self.rows.cache.path}; it is tried again by itself",
            )
        return self._maker.problem()

    @property
    def _resting(self) -> bool:
        return time.monotonic() < self._rests_until_s

    def step(self, project: "Project") -> tuple[bool, Published | None]:
        """Do a little for a project; return whether more can be done at once, and what was published."""
        if self._resting:
            return False, None
        try:
            self._collect()
            more, published = self._step(self._work_of(project))
            error, self.rows.failure = self.rows.failure, None
            if error is not None:
                self._cache_failed(error)
            else:
                self._cache_problem = ""
            return more, published
        except (OSError, sqlite3.Error) as error:
            self._cache_failed(error)
            return False, None

    def _cache_failed(self, error: OSError | sqlite3.Error) -> None:
        """Mend a damaged cache; if the disk refuses, rest for a while: what was made meanwhile waits."""
        try:
            if isinstance(error, sqlite3.Error) and is_damage(error):
                self.rows.cache.mend(error)
                for work in self._work.values():
                    work.plan = Plan()  # some rows may have gone
                return
        except (OSError, sqlite3.Error) as again:
            error = again
        if str(error) != self._cache_problem:
            logger.error("the second model rests, its cache cannot be used: %s", error)
        self._cache_problem = str(error)
        self._rests_until_s = time.monotonic() + CACHE_RETRY_S

    def forget(self, project_id: str) -> None:
        """The project has gone."""
        gone = self._work.pop(project_id, None)
        if gone is None:
            return
        for key, wanting in list(self._in_flight.items()):
            wanting[:] = [one for one in wanting if one[0] is not gone]
            if not wanting:
                del self._in_flight[key]
        self._maker.forget(project_id)

    def report(self, project: "Project") -> SecondModel:
        """Return how far a project is."""
        work = self._work_of(project)
        second = project.writer.second
        known, total = second.counts()
        answering = self.rows.older(second.model) if second.switching and second.model else self.rows
        estimate = None
        if self._spending is not None and work.plan.lacking.chunks:
            estimate = self._spending.estimate(work.plan.lacking)
        return SecondModel(
            model=(answering or self.rows).title,
            rows=known,
            total=total,
            next=self.rows.title if second.switching else "",
            next_rows=work.known if second.switching else 0,
            held_back=sum(outgoing.held_back for outgoing in self._held_back(work)),
            unfit=len(self._unfit),
            estimate=estimate,
            awaiting_consent=self.awaits_consent(project),
        )

    def held_back(self, project: "Project") -> list[HeldBack]:
        """Return the places that look like secrets, in order of paths, `MAX_PLACES` at most."""
        every = (place for outgoing in self._held_back(self._work_of(project)) for place in outgoing.places)
        return sorted(every, key=lambda place: (place.path, place.line))[:MAX_PLACES]

    def awaits_consent(self, project: "Project") -> bool:
        """Whether a project is ready to be embedded, and that would cost more than a little."""
        work = self._work_of(project)
        if project.state != "ready" or not work.plan.compared or work.plan.done:
            return False
        return not self._may_spend(work)

    def spent(self) -> RemoteFigures | None:
        """Return what was asked of a provider, if anything was."""
        return self._maker.spent()

    def close(self) -> None:
        """Let go of thread and cache."""
        self._maker.close()
        self.rows.close()

    # --- steps ---------------------------------------------------------------------------------------------

    def _work_of(self, project: "Project") -> _Work:
        work = self._work.get(project.spec.id)
        if work is None or work.project is not project:
            work = self._work[project.spec.id] = _Work(project)
        return work

    @staticmethod
    def _held_back(work: _Work) -> list[Outgoing]:
        """What stays here of files that are still as they were read."""
        entries = ((work.project.writer.get(path), *held) for path, held in work.held_back.items())
        return [held for entry, seen, held in entries if entry is not None and entry.content_hash == seen]

    def _step(self, work: _Work) -> tuple[bool, Published | None]:
        work.plan.look(work.project.writer.second.lacking())
        if not work.plan.compared:
            segment, known = work.plan.compare(self.rows.key, self.rows.cache.known)
            work.known += known
            if known:
                work.due[segment] += known
            return True, None
        may_spend = self._may_spend(work)
        if may_spend:
            self._hand_out(work)
        resting = not work.waiting and not (work.left and may_spend)
        published = self._publish(work, resting)
        return may_spend and work.left and self._maker.room() > 0, published

    def _may_spend(self, work: _Work) -> bool:
        spending, project = self._spending, work.project
        if spending is None or project.spec.consent == spending.consent:
            return True
        return project.state == "ready" and spending.is_small(work.plan.lacking + work.spent)

    def _hand_out(self, work: _Work) -> None:
        """Read files and give their texts away while there is room, for some milliseconds."""
        until = time.monotonic() + STEP_S
        while (room := self._maker.room()) > 0 and time.monotonic() < until:
            if not work.texts:
                taken = work.plan.take()
                if taken is None:
                    return
                path, mtime_ns = taken
                work.first = mtime_ns > self._began_ns
                self._read(work, path)
            items = [work.texts.popleft() for _ in range(min(room, len(work.texts)))]
            for item in items:
                self._in_flight.setdefault(item.key, []).append((work, item.path))
                work.waiting[item.path] += 1
            if items:
                self._maker.submit(work.project.spec.id, items, first=work.first)

    def _read(self, work: _Work, path: str) -> None:
        file = work.project.pipeline.read(path)
        outgoing = self._give(path, file) if file is not None else Outgoing()
        before = work.held_back.pop(path, (b"", Outgoing()))[1]
        if before.places != outgoing.places:
            work.project.health.changed = True
        entry = work.project.writer.get(path)
        if outgoing.held_back and entry is not None:
            work.held_back[path] = entry.content_hash, Outgoing({}, outgoing.held_back, outgoing.places)
        known = self.rows.cache.known(np.fromiter(outgoing.texts, np.uint64, len(outgoing.texts))).tolist()
        wanted = [
            Item(key, text, path)
            for (key, text), there in zip(outgoing.texts.items(), known, strict=True)
            if not there and key not in self._unfit
        ]
        work.texts += wanted
        if self._spending is not None and work.project.spec.consent != self._spending.consent:
            sent = sum(len(item.text.encode("utf-8", "replace")) for item in wanted)
            work.spent += Lacking(len(wanted), sent)

    def _collect(self) -> None:
        self._made += self._maker.take()
        while self._made:
            made = self._made[0]
            if made.rows is not None:
                self.rows.cache.put(made.hashes, made.rows)
            self._made.popleft()
            self._unfit.update(made.unfit)
            for key in made.hashes:
                self._arrived(key, known=1)
            for key in made.unfit:
                self._arrived(key, known=0)

    def _arrived(self, key: int, known: int) -> None:
        for work, path in self._in_flight.pop(key, ()):
            work.waiting[path] -= 1
            if not work.waiting[path]:
                del work.waiting[path]
            entry = work.project.writer.get(path)
            if known and entry is not None:
                work.known += 1
                work.due[entry.segment] += 1

    def _publish(self, work: _Work, resting: bool) -> Published | None:
        """`resting`: nothing more is to be had for now."""
        project = work.project
        if project.writer.second.switching:
            whole = resting and work.plan.done and project.state == "ready" and not project.busy
            return project.change(project.writer.switch) if whole else None
        if not work.due:
            return None
        enough = max(PUBLISH_CHUNKS, PUBLISH_SHARE * project.writer.second.counts()[0])
        waited_s = time.monotonic() - work.published_s
        if resting or work.due.total() >= enough or waited_s >= LARGE_AFTER_S:
            segments = set(work.due)
        elif waited_s >= SMALL_AFTER_S:
            segments = {name for name in work.due if project.writer.second.rows_of(name) <= SMALL_SEGMENT}
        else:
            return None
        for name in segments:
            del work.due[name]
        work.published_s = time.monotonic()
        return project.change(lambda: project.writer.refine(segments)) if segments else None
