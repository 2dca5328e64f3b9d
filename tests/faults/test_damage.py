"""Files of every kind cut, flipped, swapped and replaced, below a daemon that runs and one that starts."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.truth import differences_to_fresh
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

CODE = "def function_{0}(value):\n    '''Number {0} of its kind.'''\n    return value + {0}\n\n"
Damage = Callable[[Path, random.Random], None]


def cut(path: Path, chance: random.Random) -> None:
    """As a copy that was cut short: another file of that name, so that maps of the old one hold."""
    data = path.read_bytes()
    replace(path, data[: chance.choice([0, 1, len(data) // 2, len(data) - 1])])


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(3):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    replace(path, bytes(data))


def replace(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)


def remove(path: Path, _chance: random.Random) -> None:
    path.unlink()


def folder(path: Path, _chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


def fifo(path: Path, _chance: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def dangling(path: Path, _chance: random.Random) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


DAMAGES: list[Damage] = [cut, flip, remove, folder, fifo, dangling]
KINDS = [
    "manifest.json",
    "vectors.npy",
    "columns.npy",
    "metadata.json",
    "stamps.json",
    "writer.lock",
    "at-hand",
]


@pytest.fixture
def chance() -> random.Random:
    return random.Random(4)


def tree(xdg: Xdg, name: str, files: int = 24) -> Path:
    return make_tree(xdg.home / name, {f"d{n % 4}/f{n}.py": CODE.format(n) for n in range(files)})


def index_of(xdg: Xdg, name: str) -> Path:
    (found,) = (xdg.cache / "vexord" / "projects").glob(f"{name}-????????")
    return found


def of_kind(index: Path, kind: str) -> Iterator[Path]:
    yield from (path for path in index.rglob(kind))


def right(daemon: Daemon, root: Path) -> bool:
    """Whether a search answers freshly and rightly; a wrong hit fails the test at once."""
    asked = {"query": '"function_7("', "path": str(root), "fresh_ms": 500}
    reply = daemon.request("search", asked, 30)
    hits = [hit["path"] for hit in reply["results"][0]["hits"]]
    assert hits in ([], ["d3/f7.py"]), reply
    return hits == ["d3/f7.py"] and not reply["stale"]


def test_what_was_damaged_while_nothing_ran_is_built_anew(
    daemon: StartDaemon, xdg: Xdg, chance: random.Random
) -> None:
    """Every kind of file in every way, each in a project of its own."""
    cases = {f"{k.replace('.', '-')}-{d.__name__}": (k, d) for k in KINDS for d in DAMAGES}
    roots = {name: tree(xdg, name, 9) for name in cases}
    first = daemon()
    for root in roots.values():
        first.request("register", {"path": str(root)})
    for root in roots.values():
        assert first.request("wait", {"path": str(root), "timeout_ms": 30_000}, 35)["reached"]
    first.stop()
    for name, (kind, damage) in cases.items():
        if kind == "stamps.json":
            (index_of(xdg, name) / kind).write_bytes(b"{}")
        for path in of_kind(index_of(xdg, name), kind):
            damage(path, chance)
    again = daemon()
    for name, root in roots.items():
        wait_until(lambda root=root: right(again, root), 40, f"{name} is mended")  # type: ignore[misc]
    assert again.request("status")["indexer"]["restarts"] == 0
    again.stop()
    for name, root in roots.items():
        assert differences_to_fresh(index_of(xdg, name), root) == [], name


def test_what_is_damaged_below_a_running_daemon_is_noticed_and_built_anew(
    daemon: StartDaemon, xdg: Xdg, chance: random.Random
) -> None:
    running = daemon()
    roots = []
    for number, damage in enumerate((cut, remove, flip)):
        for kind in ("manifest.json", "columns.npy"):
            roots.append((tree(xdg, f"p{number}{kind[0]}"), kind, damage))
            running.add(roots[-1][0])
    gone = tree(xdg, "gone")
    running.add(gone)
    shutil.rmtree(index_of(xdg, "gone"))
    for root, kind, damage in roots:
        for path in of_kind(index_of(xdg, root.name), kind):
            damage(path, chance)
    for root, kind, damage in [*roots, (gone, "all", remove)]:

        def whole(root: Path = root) -> bool:
            return right(running, root) and not differences_to_fresh(index_of(xdg, root.name), root)

        wait_until(whole, 40, f"{kind} after {damage.__name__}")
    assert running.process.poll() is None
    assert running.request("status")["indexer"]["restarts"] == 0


def test_files_of_another_segment_or_index_are_not_taken(daemon: StartDaemon, xdg: Xdg) -> None:
    one, two = tree(xdg, "one"), tree(xdg, "two")
    (two / "d3" / "f7.py").write_text(CODE.format(70))
    first = daemon()
    first.add(one)
    first.add(two)
    first.stop()
    for kind in ("vectors.npy", "columns.npy", "metadata.json"):
        (mine,), (theirs,) = of_kind(index_of(xdg, "one"), kind), of_kind(index_of(xdg, "two"), kind)
        mine.rename(mine.with_name("spare"))
        theirs.rename(mine)
        mine.with_name("spare").rename(theirs)
    again = daemon()
    wait_until(lambda: right(again, one), 40, "it is built anew")
    again.stop()
    assert differences_to_fresh(index_of(xdg, "one"), one) == []
    assert differences_to_fresh(index_of(xdg, "two"), two) == []


def test_an_index_of_a_newer_version_stays_and_is_named(daemon: StartDaemon, xdg: Xdg) -> None:
    root = tree(xdg, "root")
    first = daemon()
    first.add(root)
    first.stop()
    manifest = index_of(xdg, "root") / "manifest.json"
    newer = manifest.read_bytes().replace(b'"format":', b'"format":9', 1)
    manifest.write_bytes(newer)
    again = daemon()

    def states() -> list[str]:
        return [one["state"] for one in again.request("projects")["projects"]]

    wait_until(lambda: states() == ["failed"], what="it is refused")
    (told,) = again.request("projects")["projects"][0]["degraded"][:1]
    assert "update vexord" in told["message"]
    again.stop()
    assert manifest.read_bytes() == newer


def test_a_damaged_registry_is_restored_and_said(daemon: StartDaemon, xdg: Xdg) -> None:
    root, other = tree(xdg, "root"), tree(xdg, "other")
    first = daemon()
    first.add(root)
    first.add(other)
    first.stop()
    registry = xdg.state / "vexord" / "projects.json"
    registry.write_bytes(registry.read_bytes()[:50])
    again = daemon()
    assert [one["project"] for one in again.request("projects")["projects"]] == [str(root)]
    assert "restored" in str(again.request("status"))
    assert index_of(xdg, "other"), "what may come back keeps its index"
    again.add(other)


def test_a_flipped_bit_in_a_large_file_is_found_in_a_quiet_moment(daemon: StartDaemon, xdg: Xdg) -> None:
    body = "".join(CODE.format(n) for n in range(40, 400))
    files = {f"d{n % 4}/large{n}.py": body.replace("function", f"name{n}") for n in range(40)}
    root = make_tree(tree(xdg, "root"), files)
    first = daemon()
    first.add(root, timeout=60)
    index = index_of(xdg, "root")
    first.stop()
    columns = max(of_kind(index, "columns.npy"), key=lambda path: path.stat().st_size)
    assert columns.stat().st_size > 1 << 20, "too large to be read whole at open"
    data = bytearray(columns.read_bytes())
    data[len(data) * 2 // 3] ^= 64
    columns.write_bytes(data)
    again = daemon()
    wait_until(lambda: "damaged" in again.output(100_000), 60, "it is found in a quiet moment")
    wait_until(lambda: again.request("projects")["projects"][0]["state"] == "ready", 60, "ready")
    again.request("wait", {"path": str(root), "timeout_ms": 60_000}, 65)
    wait_until(lambda: right(again, root), 40, "it is right")
    again.stop()
    assert differences_to_fresh(index, root) == []
    assert again.output(100_000).count("is damaged") == 1, "one line"
