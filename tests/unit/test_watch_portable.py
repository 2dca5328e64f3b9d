"""The watcher of other systems, run here on watchdog's polling and normal observers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from test_watch_support import Recorder, wait_for
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver
from watchdog.observers.polling import PollingObserver

from vexord.ingest.watch import CookieSeen, Dirty, Event
from vexord.ingest.watch.portable import Watcher


def polling() -> BaseObserver:
    return PollingObserver(timeout=0.05)


@pytest.fixture(params=[polling, Observer], ids=["polling", "native"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Watcher, Recorder, Path]]:
    seen, root, factory = Recorder(), tmp_path / "root", request.param
    root.mkdir()
    watcher = new_watcher(seen, tmp_path, factory)
    watcher.add(str(root), lambda rel: rel.rpartition("/")[2] == "node_modules")
    yield watcher, seen, root
    watcher.close()


def new_watcher(seen: Callable[[Event], None], base: Path, factory: Callable[[], BaseObserver]) -> Watcher:
    return Watcher(seen, str(base / "private"), factory)


def test_changes_are_said_and_pruned_folders_are_silent(made: tuple[Watcher, Recorder, Path]) -> None:
    _, seen, root = made
    (root / "node_modules").mkdir()
    (root / "node_modules/f").write_text("x")
    (root / "d").mkdir()
    (root / "d/f").write_text("x")
    assert wait_for(lambda: Dirty(str(root), "d/f", is_dir=False) in seen.events)
    assert not any(rel.startswith("node_modules") for rel in seen.rels(root))
    (root / "d").rename(root / "e")
    assert wait_for(lambda: {"d", "e"} <= {e.rel for e in seen.dirty(root) if e.is_dir})


def test_root_that_goes_and_comes_back(made: tuple[Watcher, Recorder, Path]) -> None:
    watcher, seen, root = made
    root.rename(root.with_name("away"))
    watcher.check_roots()
    watcher.check_roots()
    assert seen.doubts(root) == ["root_gone"]
    assert watcher.failing(str(root)) == {"watcher_error"}
    root.mkdir()
    watcher.check_roots()
    assert Dirty(str(root), "", is_dir=True) in seen.events
    (root / "f").write_text("x")
    assert wait_for(lambda: "f" in seen.rels(root))


def test_a_rule_that_raises_costs_a_doubt_not_the_thread(made: tuple[Watcher, Recorder, Path]) -> None:
    watcher, seen, root = made

    def rules(rel: str) -> bool:
        raise ValueError(rel)

    watcher.add(str(root), rules)
    (root / "d").mkdir()
    assert wait_for(lambda: "watcher_error" in seen.doubts(root))
    watcher.add(str(root), lambda rel: False)
    (root / "g").write_text("x")
    assert wait_for(lambda: "g" in seen.rels(root))


def test_cookie_comes_back_once(tmp_path: Path) -> None:
    seen = Recorder()
    watcher = new_watcher(seen, tmp_path, Observer)
    token = watcher.send_cookie()
    assert wait_for(lambda: CookieSeen(token) in seen.events)
    second = watcher.send_cookie()
    assert wait_for(lambda: CookieSeen(second) in seen.events)
    assert seen.events == [CookieSeen(token), CookieSeen(second)]
    assert not watcher.blind
    watcher.close()
    assert watcher.blind
