"""The inside of watchdog that `vexord/ingest/watch/inotify.py` builds on has not changed."""

import ctypes
import errno
import importlib.metadata
import inspect
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("inotify", allow_module_level=True)

from watchdog.observers import inotify_c
from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, InotifyFD

from vexord.ingest.watch.inotify import Instance


class Callback:
    """A `WatchCallback` that notes what it heard and whether watchdog held its lock meanwhile."""

    def __init__(self, lock: threading.Lock) -> None:
        self.lock = lock
        self.heard: list[str] = []

    def on_event(self, event: InotifyEvent) -> None:
        self.heard.append(f"event {event.name.decode()} locked={self.lock.locked()}")

    def on_watch_deleted(self, wd: int) -> None:
        self.heard.append(f"deleted locked={self.lock.locked()}")

    def on_queue_overflow(self) -> None:
        self.heard.append(f"overflow locked={self.lock.locked()}")


@pytest.fixture
def instance() -> Iterator[Instance]:
    """Not started: the tests call what its thread would call. Only a thread closes it, so that comes last."""
    made = Instance(lambda: None, lambda detail: None)
    yield made
    made.start()
    made.stop()
    made.join()


def test_version_is_the_pinned_one() -> None:
    assert importlib.metadata.version("watchdog").startswith("7.1.")


def test_signatures_are_unchanged() -> None:
    def parameters(name: str) -> list[str]:
        return list(inspect.signature(getattr(InotifyFD, name)).parameters)

    assert parameters("__init__") == ["self"]
    assert parameters("_get_or_create_watch") == ["self", "path", "mask"]
    assert parameters("remove_callbacks") == ["self", "callbacks"]
    assert parameters("read_events") == ["self", "event_buffer_size"]
    assert parameters("handle_event") == ["self", "event"]
    assert parameters("on_thread_stop") == ["self"]
    assert [f for f in inotify_c.WatchCallback.__dict__ if f.startswith("on_")] == [
        "on_event",
        "on_watch_deleted",
        "on_queue_overflow",
    ]


def test_attributes_are_there(instance: Instance) -> None:
    assert instance._watch_for_wd == {}
    assert isinstance(instance._inotify_fd, int)
    assert not instance._lock.locked()


def test_the_same_folder_twice_warns_not_and_gives_one_descriptor(instance: Instance, tmp_path: Path) -> None:
    callback = Callback(instance._lock)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = instance.watch(str(tmp_path), callback, 1)
        assert instance.watch(str(tmp_path), callback, 1) == first
        assert instance.watch(str(tmp_path), callback, 2) == first
        instance.unwatch([first], 1)
        assert instance.count == 1
        instance.unwatch([first], 2)
        assert instance.count == 0


def test_callbacks_run_without_watchdogs_lock(instance: Instance, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    callback = Callback(instance._lock)
    instance.watch(str(tmp_path / "d"), callback, 1)
    (tmp_path / "d/f").symlink_to("x")
    (tmp_path / "d/f").unlink()
    (tmp_path / "d").rmdir()
    for event in instance.read_events():
        instance.handle_event(event)
    assert callback.heard == [
        "event f locked=False",
        "event f locked=False",
        "event  locked=False",
        "deleted locked=False",
    ]
    assert instance.count == 0


def test_overflow_reaches_each_callback_once(instance: Instance, tmp_path: Path) -> None:
    callback = Callback(instance._lock)
    for name in "ab":
        (tmp_path / name).mkdir()
        instance.watch(str(tmp_path / name), callback, 1)
    lost = InotifyEvent(inotify_c.WatchDescriptor(-1), InotifyConstants.IN_Q_OVERFLOW, 0, b"")
    instance.handle_event(lost)
    assert callback.heard == ["overflow locked=False"]


def test_unreadable_folder_is_an_error_and_leaves_no_watch(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(fd: int, path: bytes, mask: int) -> int:
        ctypes.set_errno(errno.EACCES)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", refused)
    with pytest.raises(PermissionError):
        instance.watch("/secret", Callback(instance._lock), 1)
    assert instance.count == 0
