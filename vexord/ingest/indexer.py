"""The indexer's main loop: the server's messages, the watcher's events, and the projects' work in turn."""

import contextlib
import logging
import os
import queue
import select
import time
from collections.abc import Callable

from vexord.embed.seam import Embedder
from vexord.ingest.aids import Aids
from vexord.ingest.makers import PROVIDER_STATES
from vexord.ingest.merging import MergeTime
from vexord.ingest.project import Project
from vexord.ingest.projects import Projects
from vexord.ingest.report import reasons, refiner_state
from vexord.ingest.syncs import PendingSync
from vexord.ingest.watch import CookieSeen, Dirty, Doubt, Event, Watcher
from vexord.link.channel import Channel, ChannelClosedError
from vexord.link.messages import (
    CloseProject,
    Hello,
    OpenProject,
    Prefer,
    Published,
    Reindex,
    Stop,
    Sync,
    Synced,
    ToIndexer,
    ToServer,
    Verify,
)

logger = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
REPORT_S = 0.4
ROOT_CHECK_S = 4.0
"""A folder above a root that was renamed, or mounted over, raises no event."""
IDLE_S = 10.0
"""While nothing happens, heartbeats come so far apart."""
ROWS_S = 0.5
"""So soon rows of the second model that are known are looked at again: they are not published one by one."""
PATIENT_LIMIT_MS = 5_000
"""A barrier with a longer limit waits even if the scan is estimated to take longer."""
ANSWER_MARGIN_S = 0.01
EVENTS_A_TURN = 2_000
"""So many are taken before the server has its turn again."""
_PENDING_NAMED = 20
REFINER_STATES = frozenset({"second_model_failed", "awaiting_consent", *PROVIDER_STATES})


class Indexer:
    """Owns every project, the watcher and the channel; one thread but for the watcher's."""

    def __init__(
        self,
        channel: Channel[ToServer, ToIndexer],
        embedder: Embedder,
        cookie_dir: str,
        aids: Callable[[Callable[[], None]], Aids] = lambda _: Aids(),
    ) -> None:
        self._channel = channel
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watcher = Watcher(self._on_event, cookie_dir)
        self._last_heartbeat_s = self._last_report_s = self._last_root_check_s = 0.0
        self._merging = MergeTime(time.monotonic())
        self._was_busy = True
        """At the last heartbeat."""
        self._stopping = False
        self._aids = aids(self._wake)
        self._projects = Projects(embedder, self._watcher, self._aids, channel)
        self._telling = self._projects.telling
        self._more_to_refine = self._more_to_scrub = False
        self._turns = 0

    def run(self) -> None:
        """Work until `Stop` arrives or the server goes."""
        self._channel.send(Hello(os.getpid()))
        try:
            while not self._stopping:
                self._turn()
        except ChannelClosedError:
            logger.info("the server has gone; indexer stops")
        finally:
            for project in self._projects.values():
                project.close()
            self._watcher.close()
            self._aids.close()

    def _turn(self) -> None:
        now = time.monotonic()
        self._wait(self._timeout(now))
        for message in self._channel.receive():
            self._handle(message)
        now = time.monotonic()
        self._drain_events(now)
        self._telling.look()
        for project in self._in_turn(now):
            self._work(project, now)
        self._housekeeping(time.monotonic())

    def _in_turn(self, now: float) -> list[Project]:
        """Projects with an edit or a barrier go first, and the others' scans wait for them."""
        return self._urgent(now) or list(self._projects.values())

    def _urgent(self, now: float) -> list[Project]:
        return [p for p in self._projects.values() if len(p.syncs) or p.pending.due_in(now) == 0.0]

    def _timeout(self, now: float) -> float:
        if self._more_to_refine or self._more_to_scrub or not self._events.empty():
            return 0.0
        due = [self._heartbeat_due(), self._last_root_check_s + ROOT_CHECK_S, self._merging.due_s]
        if self._telling.due:
            due.append(self._last_report_s + REPORT_S)
        if self._aids.refiner is not None and self._aids.refiner.holds_rows:
            due.append(now + ROWS_S)
        waits = [max(0.0, min(due) - now)]
        for project in self._projects.values():
            if project.state != "root_gone":
                waits.append(project.due_in(now))
            expiry = project.syncs.next_expiry()
            if expiry is not None:
                waits.append(max(0.0, expiry - now))
        return min(waits)

    def _heartbeat_due(self) -> float:
        calm = not self._was_busy and not self._busy()
        return self._last_heartbeat_s + (IDLE_S if calm else HEARTBEAT_S)

    def _busy(self) -> bool:
        return any(project.busy for project in self._projects.values())

    def _wait(self, timeout_s: float) -> None:
        writers = [self._channel.fileno()] if self._channel.wants_write else []
        readers = [self._channel.fileno(), self._wake_read]
        readable, writable, _ = select.select(readers, writers, [], timeout_s)
        if writable:
            self._channel.flush()
        if self._wake_read in readable:
            os.read(self._wake_read, 4096)

    def _on_event(self, event: Event) -> None:
        """Called by the watcher's thread."""
        self._events.put(event)
        self._wake()

    def _wake(self) -> None:
        """End the wait of the main loop; safe from any thread."""
        with contextlib.suppress(BlockingIOError):  # a full pipe will wake us just as well
            os.write(self._wake_write, b"\0")

    def _drain_events(self, now: float) -> None:
        by_root = {project.spec.root: project for project in self._projects.values()}
        for _ in range(min(self._events.qsize(), EVENTS_A_TURN)):
            event = self._events.get_nowait()
            if isinstance(event, CookieSeen):
                for project in self._projects.values():
                    project.syncs.cookie_seen(event.token, project.pending.last_seq, project.scan_number)
                continue
            watched = by_root.get(event.root)
            if watched is not None:
                self._take_event(watched, event, now)

    def _take_event(self, project: Project, event: Dirty | Doubt, now: float) -> None:
        try:
            if isinstance(event, Dirty):
                self._telling.event(project)
                project.dirty(event.rel, event.is_dir, now)
            else:
                logger.warning(
                    "watcher doubt root=%r reason=%s detail=%s", event.root, event.reason, event.detail
                )
                project.doubt(event.reason, event.detail)
        except Exception:  # one path that cannot be judged must not take the others with it
            logger.exception("an event could not be taken root=%r", event.root)
            project.doubt("watcher_error", "an event could not be taken; see the log")

    def _work(self, project: Project, now: float) -> None:
        try:
            published = project.work(now)
        except Exception as error:  # one broken project must not take the others down
            self._projects.fail(project.spec, error)
            return
        if published is not None:
            self._publish(project, published)
        if published is not None or project.scanning:
            self._merging.worked(time.monotonic())
        self._answer_syncs(project)

    def _publish(self, project: Project, published: Published) -> None:
        self._channel.send(published)
        self._telling.report(project)

    def _answer_syncs(self, project: Project) -> None:
        if not len(project.syncs):
            return

        def served(event_seq: int, scan_number: int) -> bool:
            if project.state == "root_gone":
                return True  # nothing to wait for
            published = project.scanning or not project.publisher.unpublished
            return published and project.pending.served(event_seq) and project.schedule.done >= scan_number

        for sync, holds in project.syncs.take(served, time.monotonic(), project.eta_s()):
            fresh = holds and project.proved
            if project.changed_state or project.health.changed:
                self._telling.report(project)  # first: what is said of the answer must not contradict it
            self._channel.send(
                Synced(
                    id=project.spec.id,
                    seq=sync.seq,
                    fresh=fresh,
                    reasons=[] if fresh else reasons(project),
                    pending=0 if fresh else project.pending_count(),
                    pending_paths=[] if fresh else project.pending.sample(_PENDING_NAMED),
                    generation=project.writer.generation,
                    tick=project.publisher.tick,
                )
            )

    def _handle(self, message: ToIndexer) -> None:
        match message:
            case OpenProject():
                self._projects.open(message.spec)
            case CloseProject():
                self._projects.close(message.id, delete=message.delete)
            case Sync():
                self._sync(message)
            case Prefer():
                project = self._projects.get(message.id)
                if project is not None:
                    project.prefer(message.folder)
            case Reindex():
                project = self._projects.get(message.id)
                if project is not None:
                    project.want_scan(full=message.full)
            case Verify():
                if (project := self._projects.get(message.id)) is not None:
                    project.scrubbing.want()
            case Stop():
                self._stopping = True

    def _sync(self, message: Sync) -> None:
        project = self._projects.get(message.id)
        if project is not None:
            self._watcher.check_roots(project.spec.root)  # a folder above that was renamed raises no event
            project.look_around()
        if project is None:
            self._channel.send(Synced(message.id, message.seq, False, ["failed"], 0, [], 0, 0))
            return
        scan_number = 0
        if project.blind:  # events alone prove nothing here: a scan that begins after this message does
            project.want_scan()
            scan_number = project.scan_number
        project.syncs.add(
            PendingSync(
                seq=message.seq,
                cookie=self._watcher.send_cookie(),
                expires_s=time.monotonic() + message.limit_ms / 1000 - ANSWER_MARGIN_S,
                patient=message.limit_ms > PATIENT_LIMIT_MS,
                event_seq=project.pending.last_seq if self._watcher.blind else None,
                scan_number=scan_number,
            )
        )

    def _housekeeping(self, now: float) -> None:
        if now >= self._heartbeat_due():
            self._last_heartbeat_s = now
            self._was_busy = self._busy()
            self._telling.heartbeat(self._watcher)
        if now - self._last_report_s >= REPORT_S:
            self._last_report_s = now
            self._telling.tell()
        if now >= self._last_root_check_s + ROOT_CHECK_S:
            self._check_roots()
        if now >= self._merging.due_s:
            self._merge_one(now)
        self._scrub(now)
        if self._aids.crew is not None:
            self._aids.crew.rest(now)
        self._refine(now)

    def _check_roots(self) -> None:
        self._last_root_check_s = time.monotonic()
        self._watcher.check_roots()
        self._projects.look_after()

    def _merge_one(self, now: float) -> None:
        settled = self._merging.settled(now)
        for project in self._projects.values():
            try:
                published = project.idle_work(settled=settled)
            except Exception as error:
                self._projects.fail(project.spec, error)
                return
            if published is not None:
                self._publish(project, published)
                return
        failing = any(project.publisher.failing for project in self._projects.values())
        self._merging.nothing_done(now, failing=failing)

    def _scrub(self, now: float) -> None:
        """Read a little of an index again, when nothing else is to be done."""
        calm = self._merging.settled(now) and not self._busy()
        self._more_to_scrub = False
        for project in list(self._projects.values()):
            if project.scrubbing.due(now, calm=calm):
                published = project.scrubbing.step(now, project.change)
                self._more_to_scrub |= project.scrubbing.at_work
                if published is not None:
                    self._publish(project, published)

    def _refine(self, now: float) -> None:
        """Let the second model go on: a provider's unless an edit waits, one on this machine when idle."""
        self._more_to_refine = False
        refiner, projects = self._aids.refiner, list(self._projects.values())
        if refiner is None or not projects:
            return
        if self._urgent(now) if refiner.urgent else any(project.busy for project in projects):
            return
        self._turns += 1
        first = self._turns % len(projects)  # whoever comes first takes all the room there is
        for project in projects[first:] + projects[:first]:
            try:
                more, published = refiner.step(project)
            except Exception as error:
                self._projects.fail(project.spec, error)
                continue
            self._more_to_refine |= more
            if published is not None:
                self._publish(project, published)
            project.health.replace(REFINER_STATES, refiner_state(refiner, project))
