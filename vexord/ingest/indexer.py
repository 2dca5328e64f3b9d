"""The indexer's main loop: the server's messages, the watcher's events, and the projects' work in turn."""

import contextlib
import logging
import os
import queue
import select
import time
from collections.abc import Callable

from vexord.embed.seam import Embedder
from vexord.index.store import remove_index
from vexord.ingest.aids import Aids
from vexord.ingest.failed import Failed
from vexord.ingest.makers import PROVIDER_STATES
from vexord.ingest.project import Project
from vexord.ingest.report import failed, reasons, refiner_state
from vexord.ingest.syncs import PendingSync
from vexord.ingest.telling import Telling
from vexord.ingest.watch import CookieSeen, Dirty, Doubt, Event, Watcher
from vexord.link.channel import Channel, ChannelClosedError
from vexord.link.messages import (
    Closed,
    CloseProject,
    Hello,
    OpenProject,
    Prefer,
    ProjectSpec,
    Published,
    Reindex,
    Stop,
    Sync,
    Synced,
    ToIndexer,
    ToServer,
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
MERGE_AFTER_IDLE_S = 0.25
SETTLED_AFTER_S = 5.0
"""Then an index gets as few segments as its size allows."""
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
        self._embedder = embedder
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._watcher = Watcher(self._on_event, cookie_dir)
        self._projects: dict[str, Project] = {}
        self._failed: dict[str, Failed] = {}
        """Projects that cannot be opened or worked on; each is tried again."""
        self._last_heartbeat_s = self._last_report_s = self._last_root_check_s = 0.0
        self._last_work_s = time.monotonic()
        self._merge_due_s = self._last_work_s + MERGE_AFTER_IDLE_S
        self._was_busy = True
        """At the last heartbeat."""
        self._stopping = False
        self._aids = aids(self._wake)
        self._telling = Telling(channel, self._projects, self._aids)
        self._more_to_refine = False
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
        if self._more_to_refine or not self._events.empty():
            return 0.0
        due = [self._heartbeat_due(), self._last_root_check_s + ROOT_CHECK_S, self._merge_due_s]
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
            self._give_up(project, error)
            return
        if published is not None:
            self._publish(project, published)
        if published is not None or project.scanning:
            self._last_work_s = time.monotonic()
            self._merge_due_s = self._last_work_s + MERGE_AFTER_IDLE_S
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
            published = project.scanning or not project.unpublished
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
                    tick=project.tick,
                )
            )

    def _handle(self, message: ToIndexer) -> None:
        match message:
            case OpenProject():
                self._open(message.spec)
            case CloseProject():
                self._close(message.id, message.delete)
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
            case Stop():
                self._stopping = True

    def _open(self, spec: ProjectSpec) -> None:
        if spec.id in self._projects:
            if self._projects[spec.id].spec != spec:
                self._projects[spec.id].reread(spec)
            self._telling.report(self._projects[spec.id])
            return
        try:
            project = Project(spec, self._embedder, self._watcher, self._aids)
        except Exception as error:  # one broken project must not take the others down
            self._note_failed(spec, error)
            return
        self._projects[spec.id] = project
        project.health.replace(REFINER_STATES, self._aids.problem)
        self._telling.report(project)

    def _give_up(self, project: Project, error: Exception) -> None:
        """Let a project go for now."""
        spec = project.spec
        self._forget(project)
        self._note_failed(spec, error)

    def _note_failed(self, spec: ProjectSpec, error: Exception) -> None:
        before = self._failed.get(spec.id)
        if before is None or before.reason != str(error):
            logger.error("project failed root=%r", spec.root, exc_info=error)
        self._failed[spec.id] = Failed.again(spec, error, before)
        self._channel.send(failed(spec, error, str(self._embedder.fingerprint)))

    def _retry_failed(self) -> None:
        for one in list(self._failed.values()):
            project = self._projects.get(one.spec.id)
            if project is None and one.due_s <= time.monotonic():
                self._open(one.spec)
            elif project is not None and project.state == "ready":
                del self._failed[one.spec.id]

    def _close(self, project_id: str, delete: bool) -> None:
        project, lost = self._projects.get(project_id), self._failed.pop(project_id, None)
        spec = project.spec if project is not None else lost.spec if lost is not None else None
        self._telling.forget(project_id)
        if project is not None:
            self._forget(project)
        if delete and spec is not None:
            remove_index(spec.index_dir)
        self._channel.send(Closed(project_id))

    def _forget(self, project: Project) -> None:
        for sync, _ in project.syncs.take(lambda *_: False, float("inf"), None):  # nobody else answers these
            self._channel.send(Synced(project.spec.id, sync.seq, False, ["failed"], 0, [], 0, 0))
        del self._projects[project.spec.id]
        try:
            project.close()
        except Exception:  # it may be the disk that fails
            logger.exception("a project was not closed well root=%r", project.spec.root)
        if self._aids.refiner is not None:
            self._aids.refiner.forget(project.spec.id)

    def _sync(self, message: Sync) -> None:
        project = self._projects.get(message.id)
        if project is not None:
            self._watcher.check_roots(project.spec.root)  # a folder above that was renamed raises no event
            self._look_around(project)
            project = self._projects.get(message.id)
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
        if now >= self._merge_due_s:
            self._merge_one(now)
        if self._aids.crew is not None:
            self._aids.crew.rest(now)
        self._refine(now)

    def _check_roots(self) -> None:
        self._last_root_check_s = time.monotonic()
        self._watcher.check_roots()
        self._retry_failed()
        for project in list(self._projects.values()):
            self._look_around(project)

    def _look_around(self, project: Project) -> None:
        """See to its root and its index; a project whose index has gone is opened anew."""
        try:
            project.look_around()
        except FileNotFoundError:
            logger.warning("the index has gone and is made anew root=%r", project.spec.root)
            self._forget(project)
            self._open(project.spec)

    def _merge_one(self, now: float) -> None:
        settled = now - self._last_work_s >= SETTLED_AFTER_S
        for project in self._projects.values():
            try:
                published = project.idle_work(settled=settled)
            except Exception as error:
                self._give_up(project, error)
                return
            if published is not None:
                self._publish(project, published)
                return
        self._merge_due_s = float("inf") if settled else self._last_work_s + SETTLED_AFTER_S

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
                self._give_up(project, error)
                continue
            self._more_to_refine |= more
            if published is not None:
                self._publish(project, published)
            project.health.replace(REFINER_STATES, refiner_state(refiner, project))
