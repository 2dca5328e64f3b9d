"""One registered folder inside the indexer: its rules, its pending paths, its scans and its writer."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable

from vexor_protocol.health import Progress

from vexord.embed.seam import Embedder
from vexord.ingest.aids import Aids
from vexord.ingest.bulk import Batch, Bulk
from vexord.ingest.health import WATCHING, Health
from vexord.ingest.opening import open_index
from vexord.ingest.pending import Pending
from vexord.ingest.pipeline import Outcome, Pipeline, chunk_count
from vexord.ingest.publisher import COMMIT_CHUNKS, RETRY_WRITE_S, Publisher
from vexord.ingest.reading import is_spent
from vexord.ingest.reconcile import SLICE_FILES, WALK_SLICE_S, Scan
from vexord.ingest.root import Root, shown
from vexord.ingest.schedule import ScanSchedule
from vexord.ingest.scrubbing import Scrubbing
from vexord.ingest.syncs import Syncs
from vexord.ingest.tasks import BatchDone
from vexord.ingest.trouble import NOT_WHOLE, Trouble
from vexord.ingest.wanted import Wanted
from vexord.ingest.watch import Watcher
from vexord.link.messages import ProjectSpec, Published

logger = logging.getLogger(__name__)

COMMIT_INTERVAL_S = 1.5  # of a scan, if `COMMIT_CHUNKS` do not come first
MAX_SCAN_SEGMENTS = 128
"""A search pays some 50 µs for each. The kernel, from nothing: 209 s with 32, 195 with 128, 215 with 512."""


class Project:
    """State machine of one project, for the indexer's main loop. Construction raises as `open_index` does."""

    def __init__(self, spec: ProjectSpec, embedder: Embedder, watcher: Watcher, aids: Aids) -> None:
        self.spec = spec
        self.pending, self.syncs, self.health = Pending(), Syncs(), Health()
        self.doubts: Counter[str] = Counter()
        """How often something may have been missed, by reason, since the project was opened."""
        self.state = "indexing"
        self.schedule = ScanSchedule()
        self.changed_state = True
        self._watcher = watcher
        self.deaths, self.writer = open_index(spec.index_dir, embedder.fingerprint, aids)
        self.scrubbing = Scrubbing(self.writer)
        self.model = str(embedder.fingerprint)
        self.publisher = Publisher(spec, self.writer, self.health)
        self._trouble, self._root = Trouble(self.health), Root(spec.root)
        self._bulk = Bulk(spec.root, self.writer, embedder.fingerprint, aids.crew, self.deaths)
        self._bulk_not_before_s = 0.0
        self.pipeline = Pipeline(spec.root, self.writer, embedder, guard=self.deaths)
        self.wanted = Wanted(spec)
        self._excluded = self.wanted.excluded
        self._first_index = not self.writer.entries()
        self._scan: Scan | None = None
        self._take_settings()

    # --- what the main loop asks ---------------------------------------------------------------------------

    @property
    def scanning(self) -> bool:
        """Whether a scan runs."""
        return self._scan is not None

    @property
    def scan_number(self) -> int:
        """Number that `schedule.done` reaches when every scan wanted so far has ended."""
        return self.schedule.number(scanning=self.scanning)

    @property
    def blind(self) -> bool:
        """Whether some folder has no watch, so that only a scan proves freshness."""
        return self._watcher.blind or self.health.blind

    @property
    def proved(self) -> bool:
        """Whether a barrier whose events and scans are done proves anything."""
        return self.state == "ready" and not self.health.names(NOT_WHOLE)

    @property
    def busy(self) -> bool:
        """Whether anything waits to be done that must not wait for the second model."""
        return self.scanning or self.publisher.unpublished or bool(len(self.pending) or len(self.syncs))

    def eta_s(self) -> float | None:
        """Estimate of the time until the scan ends, if one runs and an estimate can be made."""
        return self._scan.eta_s() if self._scan is not None else None

    def progress(self) -> Progress | None:
        """Return how far the scan is, if one runs."""
        return self._scan.progress() if self._scan is not None else None

    def due_in(self, now: float) -> float:
        """Seconds until there is work."""
        if (rest_s := self._trouble.rest_in(now)) > 0:
            return rest_s
        if self._bulk.returned:
            return 0.0
        waits = [self._trouble.due_in(now)]
        if self._scan is None:
            waits.append(self.schedule.due_in(now))
        elif not self._bulk.waiting(self._scan):
            return max(0.0, self._bulk_not_before_s - now, self.publisher.wait_s(now))
        if self.publisher.unpublished and self._scan is None:
            waits.append(self.publisher.wait_s(now))
        due = self.pending.due_in(now) if not self.publisher.overfull(now) else None
        if due is not None:
            waits.append(0.0 if self.syncs.urgent_seq() else due)
        return min(waits)

    # --- events --------------------------------------------------------------------------------------------

    def dirty(self, rel: str, is_dir: bool, now: float) -> None:
        """Note an event."""
        if self.state == "root_gone":
            self.look_around()  # which compares everything
            return
        if self.wanted.is_rule_file(rel):
            self.reread(self.spec)
        if rel == "":
            self.want_scan()
        elif not self._excluded(rel, is_dir):
            self.pending.add(rel, is_dir, now)

    def doubt(self, reason: str, detail: str) -> None:
        """The watcher may have lost something: scan, and remember lasting reasons."""
        self.doubts[reason] += 1
        self.changed_state = True
        if reason == "root_gone":
            self.root_gone()
            return
        if reason != "overflow":
            self.health.degrade(reason, detail)
        self.want_scan(at_once=False)

    def want_scan(self, *, full: bool = False, at_once: bool = True) -> None:
        """Compare the tree with the index again."""
        self.schedule.want(full=full, at_once=at_once)

    def prefer(self, folder: str) -> None:
        """Look at the files below a folder first, if a scan runs."""
        if self._scan is not None:
            self._scan.prefer(folder)

    def reread(self, spec: ProjectSpec) -> None:
        """Rules or settings may have changed: read them again, and compare the tree under them."""
        self.spec = spec
        self.wanted.read(spec)
        self._take_settings()
        self.want_scan()

    def _take_settings(self) -> None:
        """Under another mode every file is looked at anew; what is indexed serves until its file's turn."""
        if self._missing():  # so is its settings file: `look_around` reads it
            return
        mode = str(self.wanted.mode.value)
        if self.writer.mode != mode:
            empty = not self.writer.entries() and not self.scanning
            self.writer.mode = mode if empty else ""
        self.pipeline.mode = self._bulk.mode = mode
        self.health.note("project_settings", "; ".join(self.wanted.problems))
        self.changed_state = True

    def root_gone(self) -> None:
        """The root folder has vanished or is another folder now: keep the index, stop believing it."""
        self.health.note("root_gone", self._missing() or f"{shown(self.spec.root)} was replaced")
        if self.state != "root_gone":
            self._root.forget()
            self._set_state("root_gone")
            self._scan = None
            self._bulk.forget()
            self.pending.clear()

    def touched(self) -> str:
        """Return what of the index somebody else has removed, replaced or cut short; empty if nothing."""
        return "" if self._missing() else self.writer.missing()

    def look_around(self) -> None:
        """Compare again if the root is back, or if a rule file has changed where no watch stands."""
        if self.state != "root_gone":
            if self.wanted.rules.changed_outside():
                self.reread(self.spec)
            return
        self.health.note("root_gone", self._missing())
        if not self._missing():
            self._set_state("indexing")
            self.reread(self.spec)

    def _missing(self) -> str:
        return self._root.missing(indexed=bool(self.writer.entries()))

    # --- work ----------------------------------------------------------------------------------------------

    def work(self, now: float) -> Published | None:
        """Do one slice of the most urgent work; return what was published, if anything was."""
        if self.state == "root_gone" or self._trouble.rest_in(now) > 0:
            return None
        try:
            return self._work(now)
        except OSError as error:
            if not is_spent(error):
                raise
            logger.warning("work stopped root=%r error=%s", self.spec.root, error)
            self.doubts["out_of_resources"] += 1
            self.changed_state = True
            self._trouble.ran_out(error, now)
            self._scan = None
            self._bulk.forget()
            self.want_scan()
            return None

    def _work(self, now: float) -> Published | None:
        if self._bulk.returned and self._bulk.merging:
            published = self.change(self._bulk.take_merge)
            if published is not None:
                return published
        for path in self._trouble.take_due(now):
            self.pending.add(path, is_dir=False, now=now)
        urgent = self.syncs.urgent_seq()
        due = len(self.pending) and (urgent or self.pending.due_in(now) == 0.0)
        if due and not self.publisher.overfull(now):
            self._work_events(now, urgent)
            return self.publisher.commit()
        if self.publisher.unpublished and self._scan is None:
            return self.publisher.commit()
        if self._scan is None:
            self._start_scan(now)
        return self._step_scan(self._scan, now) if self._scan is not None else None

    def idle_work(self, *, settled: bool = False) -> Published | None:
        """A merge, if one is due (see `Bulk.merge`); return what was published."""
        if self.publisher.wait_s(time.monotonic()):
            return None
        return self.change(lambda: self._bulk.merge(settled=settled))

    def change(self, change: Callable[[], object]) -> Published | None:
        """Let the writer do something that changes no file; return what was published, if anything was."""
        published = self.publisher.change(change)
        if self.writer.take_lost():
            self.want_scan()
        return published

    def _work_events(self, now: float, urgent: int) -> None:
        paths: list[str] = []
        last_seq = 0
        until_s = time.monotonic() + WALK_SLICE_S  # folders may be many, and hold no file
        while len(paths) < SLICE_FILES:
            item = self.pending.pop(now, urgent)
            if item is None:
                break
            path, last_seq, is_dir = item
            if is_dir:
                self._expand(path, last_seq)
            else:
                paths.append(path)
            if time.monotonic() > until_s:
                break
        self._bulk.overtake(paths)
        outcome = self.pipeline.run(self.publisher.less_ignored(paths, self._excluded))
        if outcome.linked:  # an event names only the link that was written through
            self.pending.expand(sorted(self.writer.entries().of_inodes(outcome.linked)), last_seq)
        self._absorb(outcome, paths)

    def _expand(self, folder: str, seq: int) -> None:
        """A folder appeared, vanished or moved: its files, those there and those indexed, take its place."""
        files = {*self.writer.under(folder), *self._bulk.under(folder), *self.publisher.under(folder)}
        files |= self.wanted.files_at(folder, self._watcher)
        self.pending.expand(sorted(files), seq)

    def _start_scan(self, now: float) -> None:
        if not self.schedule.due(now):
            return
        if self._missing():
            self.root_gone()
            return
        self._root.accept()
        self._trouble.scan_began()
        full = self.schedule.begin()
        self.wanted.rules.reload()
        # Before the walk: what changes meanwhile raises events.
        self._watcher.add(self.spec.root, lambda rel: self._excluded(rel, is_dir=True))
        check_all = full or not self.writer.mode
        mode = self.pipeline.mode
        remote = "no_events" in self._watcher.failing(self.spec.root)
        entries = self.writer.entries()
        self._scan = Scan(self.spec.root, self.wanted.rules, entries, check_all, mode, remote=remote)
        if self._first_index or self._scan.check_all:
            self._set_state("indexing")
        self.changed_state = True

    def _step_scan(self, scan: Scan, now: float) -> Published | None:
        if not scan.walked:
            if scan.walk():
                self.health.note("no_files", "" if scan.files_total else scan.summary)
            return None
        if self._bulk.wants(scan):
            return self._step_bulk(scan, now)
        return self._step_alone(scan, now) if not self.publisher.wait_s(now) else None

    def _step_alone(self, scan: Scan, now: float) -> Published | None:
        """Look at some files here, and publish now and then."""
        batch, size = scan.next_batch()
        outcome = self.pipeline.run(self.publisher.less_ignored(batch, self._excluded), force=scan.check_all)
        self._absorb(outcome, batch)
        if self._scan is None:  # the root vanished meanwhile
            return None
        scan.indexed(len(batch), size, chunk_count(outcome.upserts))
        if not scan.left:
            return self._finish_scan(scan, now)
        early = now - self.publisher.last_commit_s < COMMIT_INTERVAL_S
        if early and self.publisher.unpublished_chunks < COMMIT_CHUNKS:
            return None
        if self.writer.stats()[2] > MAX_SCAN_SEGMENTS:  # a search pays for each
            self.idle_work()
        return self.publisher.commit()

    def _step_bulk(self, scan: Scan, now: float) -> Published | None:
        """Take in what the crew has brought back, and hand out more."""
        published = None
        for batch in self._bulk.finished():
            if batch.done is None:
                scan.put_back(batch.paths, batch.size)
                self._bulk_not_before_s = now + RETRY_WRITE_S
                if isinstance(batch.error, OSError):
                    self.publisher.failed(batch.error)
            else:
                published = self._adopt(scan, batch, batch.done) or published
            if self._scan is None:  # the root vanished meanwhile
                return published
        if now >= self._bulk_not_before_s:
            self._bulk.hand_out(scan, lambda paths: self.publisher.less_ignored(paths, self._excluded))
        if not scan.left and not self._bulk.files:
            return self._finish_scan(scan, now) or published
        if self.writer.stats()[2] > MAX_SCAN_SEGMENTS:
            published = self.idle_work() or published
        return published

    def _adopt(self, scan: Scan, batch: Batch, done: BatchDone) -> Published | None:
        outcome, late = done.outcome, batch.overtaken
        outcome.deletes = [path for path in outcome.deletes if path not in late]
        outcome.touched = [told for told in outcome.touched if told[0] not in late]
        self._absorb(outcome, [path for path in batch.paths if path not in late], done.upserted)
        if self._scan is None:
            return None
        published = self.publisher.adopt(done, late)
        if published is None:
            scan.put_back(batch.paths, batch.size)
            self._bulk_not_before_s = time.monotonic() + RETRY_WRITE_S
        else:
            scan.indexed(len(batch.paths), batch.size, done.chunks)
        return published

    def _finish_scan(self, scan: Scan, now: float) -> Published | None:
        renewed = scan.check_all and scan.mode == self.pipeline.mode != self.writer.mode
        if renewed:
            self.writer.mode = scan.mode
        published = self.publisher.commit(always=self.publisher.tick == 0 or renewed)
        self._scan = None
        self._trouble.scan_ended(scan.report, self.wanted.rules.left_out())
        self.health.mended(*WATCHING - self._watcher.failing(self.spec.root))
        self._first_index = False
        self.schedule.ended(now, scan.elapsed_s(), blind=self.blind)
        self._set_state("ready")
        return published

    def _absorb(self, outcome: Outcome, paths: Iterable[str], more: Iterable[str] = ()) -> None:
        """`paths`: those that were looked at; `more`: those of which the crew has written what they hold."""
        if outcome.deletes and self._missing():
            self.root_gone()  # a renamed ancestor takes every file away and raises no event
            return
        self._trouble.absorb(outcome, more, time.monotonic())
        self.publisher.absorb(outcome, paths)

    # --- state ---------------------------------------------------------------------------------------------

    def pending_count(self) -> int:
        """Number of paths not yet looked at."""
        return len(self.pending) + self._bulk.files + (self._scan.left if self._scan is not None else 0)

    def close(self) -> None:
        """Stop watching and release the index."""
        self._watcher.remove(self.spec.root)
        self._bulk.forget()
        self.scrubbing.close()
        self.writer.close()
        self.deaths.close()

    def _set_state(self, state: str) -> None:
        if self.state != state:
            logger.info("project state root=%r state=%s", self.spec.root, state)
        self.state = state
        self.changed_state = True
