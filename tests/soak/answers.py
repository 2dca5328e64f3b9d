"""What must hold of a registered folder at every moment when nobody changes it."""

import random
from pathlib import Path

import xxhash
from vexor_protocol.wire import JsonObject

from tests.soak.lab import FRESH_MS, Lab
from tests.soak.world import World
from tests.support.reading import Reading
from tests.support.truth import differences_to_fresh
from vexord.index.snapshot import Snapshot
from vexord.projects.registry import Registry, index_dir
from vexord.projects.settings import Settings

WHOLE_EVERY = 25
"""So many steps apart the index is compared with one built from nothing."""
MOST_NAMED = 100
"""An event names so many paths at most."""


class Answers:
    """Asks about the roots of a world; remembers what was known of each when it was asked last."""

    def __init__(self, lab: Lab, world: World) -> None:
        self.lab = lab
        self.world = world
        self.steps = 0
        self._before: dict[Path, Reading] = {}
        self._clocks: dict[Path, tuple[str, int]] = {}
        self._told: dict[str, list[JsonObject]] = {}
        self._snapshots: dict[Path, Snapshot] = {}

    def forget(self) -> None:
        """Clocks have begun anew, and events may have been missed."""
        self._clocks.clear()
        self._told.clear()

    def forget_root(self, root: Path) -> None:
        """It is registered no more."""
        self._before.pop(root, None)

    def check(self, root: Path) -> None:
        """Compare what searches, events and the index say with a plain reading.

        Raises:
            AssertionError: they say something else.
        """
        world, lab = self.world, self.lab
        if not (root.is_dir() and any(root.iterdir())):
            return  # an empty one is taken for a disk that is not mounted
        reading = world.reading(root)
        named = (root / ".vexord.toml").exists()
        before = self._before.get(root, Reading())
        markers = {} if named else reading.markers
        queries = self._queries(before.markers, reading.markers)
        reply = self.search(root, queries=queries)
        for query, result in zip(queries, reply["results"], strict=True):
            found = {hit["path"] for hit in result["hits"] if query in hit["text"]} - reading.unclear
            wanted = markers.get(query, set())
            assert found == wanted, f"{root.name}: {query} in {sorted(found)}, not {sorted(wanted)}"
            dropped = result["dropped"] and not reading.unclear
            assert not dropped, f"{root.name}: a fresh answer had to drop {result['dropped']} hits of {query}"
        lab.counts["queries"] += len(queries)
        if markers and self.steps % 3 == 0:
            self._narrowed(root, reading)
        self._whole(root, reading, named)
        self._watched(root, reading)
        self._heard(root, before, reading, reply["clock"], named)
        self._before[root] = reading

    def search(self, root: Path, **params: object) -> JsonObject:
        """Ask for a fresh answer, and take in the events that came before it."""
        reply = self.lab.ask("search", path=str(root), fresh_ms=FRESH_MS, top=50, **params)
        assert reply["stale"] is False, f"{root.name}: stale: {reply['projects']}"
        while self.lab.client.events:
            event = self.lab.client.events.popleft()
            if event["event"] == "published":
                self._told.setdefault(event["project"], []).append(event)
        return reply

    def _queries(self, old: dict[str, set[str]], new: dict[str, set[str]]) -> list[str]:
        """Markers that came, went or moved, and one that did not."""
        moved = sorted(marker for marker in old.keys() | new.keys() if old.get(marker) != new.get(marker))
        chance = random.Random(self.steps)
        chosen = chance.sample(moved, min(8, len(moved))) + chance.sample(sorted(new), min(1, len(new)))
        return list(dict.fromkeys(chosen)) or ["nothing"]

    def _narrowed(self, root: Path, reading: Reading) -> None:
        """Filters, text, regular expressions and related code see the same files."""
        chance = random.Random(self.steps)
        marker = chance.choice(sorted(reading.markers))
        paths = reading.markers[marker]
        for query, some in (
            (f'"{marker} ="', paths),
            (f"/{marker[:-2]}[a-z]+ =/", paths),
            (f"{marker} path:**/*.py", {path for path in paths if ".py/" in path + "/"}),
            (f"{marker} -path:*.md", {path for path in paths if ".md/" not in path + "/"}),
        ):
            hits = self.search(root, query=query)["results"][0]["hits"]
            found = {hit["path"] for hit in hits if marker in hit["text"]} - reading.unclear
            assert found == some, f"{root.name}: {query} in {sorted(found)}, not {sorted(some)}"
        path = chance.choice(sorted(paths))
        reply = self.search(root, like={"path": f"{root}/{path}"})
        odd = {hit["path"] for hit in reply["results"][0]["hits"]} - reading.contents.keys() - reading.unclear
        assert not odd, f"{root.name}: {sorted(odd)} are like {path}"
        self.lab.counts["narrowed queries"] += 5

    def _heard(self, root: Path, before: Reading, now: Reading, clock: str, named: bool) -> None:
        """The clock has moved on if anything changed, and events have named it."""
        epoch, tick = clock.rsplit(":", 1)
        known, self._clocks[root] = self._clocks.get(root), (epoch, int(tick))
        events = self._told.pop(str(root), [])
        old, new = before.contents, now.contents
        changed = {path for path in new if old.get(path) != new[path]} - before.unclear
        removed = old.keys() - new.keys() - now.unclear
        if known is None or known[0] != epoch or not (changed or removed) or named:
            return
        assert int(tick) > known[1], (
            f"{root.name}: {clock} after {known}, though {sorted(changed | removed)} changed"
        )
        if any(max(len(event["changed"]), len(event["removed"])) >= MOST_NAMED for event in events):
            return
        silent = changed - {path for event in events for path in event["changed"]}
        silent |= removed - {path for event in events for path in event["removed"]}
        assert not silent, f"{root.name}: no event named {sorted(silent)}"
        self.lab.counts["changes named by events"] += len(changed | removed)

    def _whole(self, root: Path, reading: Reading, named: bool) -> None:
        """The index on disk holds just these files, with just these contents."""
        folder = self._folder(root)
        snapshot = self._snapshots[root] = Snapshot.open(folder, self._snapshots.get(root))
        found: dict[str, bytes] = {}
        for view in snapshot.segments:
            dead = view.record.dead_files()
            for number, path in enumerate(view.segment.paths.tolist()):
                if not dead[number]:
                    assert path not in found, f"{path} is live twice"
                    found[path] = bytes(view.segment.files[number]["hash"])
        wanted = {path: xxhash.xxh3_128_digest(content) for path, content in reading.contents.items()}
        listed = {path for path in found if path not in reading.unclear}
        assert listed == wanted.keys(), (
            f"{root.name}: too many {sorted(listed - wanted.keys())}, "
            f"missing {sorted(wanted.keys() - listed)}"
        )
        if not named:
            wrong = [path for path in wanted if found[path] != wanted[path]]
            assert not wrong, f"{root.name}: old content of {wrong}"
        if self.steps % WHOLE_EVERY == 0 and not reading.unclear:
            self.lab.counts["compared with an index built from nothing"] += 1
            wrong = differences_to_fresh(folder, root)
            assert not wrong, f"{root.name}: {wrong}"

    def _watched(self, root: Path, reading: Reading) -> None:
        """The kernel watches each folder of wanted files: the loss of a watch shows only later."""
        inodes = self.lab.watched()
        folders = {str(Path(path).parent) for path in reading.contents}
        blind = [folder for folder in sorted(folders) if (root / folder).stat().st_ino not in inodes]
        assert not blind, f"{root.name}: nobody watches {blind}"

    def _folder(self, root: Path) -> str:
        """Where the index of a root lies."""
        projects = Registry(Settings.load().registry_file)
        project = projects.find(str(root))
        assert project is not None
        return index_dir(project, Settings.load())
