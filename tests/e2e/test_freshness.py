"""The promise: a fresh answer holds every write that ended before the question, and nothing that is gone."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.asking import finds
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.xdg import Xdg


def texts(reply: dict) -> list[str]:
    assert reply["stale"] is False, reply
    return [hit["text"] for hit in reply["results"][0]["hits"]]


@pytest.fixture
def project(daemon: StartDaemon, xdg: Xdg) -> tuple[Daemon, Path]:
    root = make_tree(
        xdg.home / "project",
        {f"pkg/mod{n}.py": f"def function_{n}():\n    return 'value{n}'\n" for n in range(30)},
    )
    running = daemon()
    running.add(root)
    return running, root


def test_each_edit_is_in_the_next_answer_and_the_old_text_is_not(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    for number in range(30):
        path = root / "pkg" / f"mod{number % 30}.py"
        path.write_text(f"def renamed_{number}():\n    return 'zebra{number}quartz'\n")
        assert finds(daemon, root, f"zebra{number}quartz") == [f"pkg/mod{number}.py"]
        assert finds(daemon, root, f"value{number}'") == []


def test_a_same_size_edit_with_the_old_mtime_is_seen(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    path = root / "pkg" / "mod3.py"
    before = path.stat()
    path.write_text(path.read_text().replace("value3", "walue3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert finds(daemon, root, "walue3") == ["pkg/mod3.py"]
    assert finds(daemon, root, "value3'") == []


def test_a_same_size_edit_while_nobody_watches_is_seen_after_a_restart(
    project: tuple[Daemon, Path], daemon: StartDaemon
) -> None:
    running, root = project
    running.stop()
    path = root / "pkg" / "mod3.py"
    before = path.stat()
    path.write_text(path.read_text().replace("value3", "walue3"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (root / "pkg" / "mod4.py").unlink()
    (root / "pkg" / "new.py").write_text("fresh_arrival = 1\n")
    again = daemon()
    assert finds(again, root, "walue3") == ["pkg/mod3.py"]
    assert finds(again, root, "function_4") == []
    assert finds(again, root, "fresh_arrival") == ["pkg/new.py"]


def test_a_move_of_a_folder_above_the_root_is_known_to_the_next_answer(daemon: StartDaemon, xdg: Xdg) -> None:
    root = make_tree(xdg.home / "above" / "project", {"a.py": "def here():\n    return 'zebraquartz'\n"})
    running = daemon()
    running.add(root)
    assert finds(running, root, "zebraquartz") == ["a.py"]
    for _ in range(3):
        (xdg.home / "above").rename(xdg.home / "elsewhere")
        reply = running.search("zebraquartz", path=str(root))
        assert reply["stale"] is True
        assert reply["projects"][0]["reasons"] == ["root_gone"]
        (xdg.home / "elsewhere").rename(xdg.home / "above")
        assert finds(running, root, "zebraquartz") == ["a.py"]


def test_renames_moves_and_deletes(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    (root / "pkg" / "mod1.py").rename(root / "pkg" / "moved.py")
    assert finds(daemon, root, "value1'") == ["pkg/moved.py"]
    (root / "pkg").rename(root / "other")
    assert finds(daemon, root, "value2'") == ["other/mod2.py"]
    (root / "other" / "mod2.py").unlink()
    assert finds(daemon, root, "value2'") == []
    outside = root.parent / "outside"
    make_tree(outside, {"deep/er/file.py": "movable_marker = 1\n"})
    outside.rename(root / "inside")
    assert finds(daemon, root, "movable_marker") == ["inside/deep/er/file.py"]
    (root / "inside").rename(outside)
    assert finds(daemon, root, "movable_marker") == []
    make_tree(root, {"a/b/c/d/quick.py": "made_at_once = 1\n"})
    assert finds(daemon, root, "made_at_once") == ["a/b/c/d/quick.py"]


def test_atomic_saves_and_replaced_files(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    for number in range(10):
        temporary = root / "pkg" / ".mod5.py.swp"
        temporary.write_text(f"atomic_{number}_save = 1\n")
        temporary.replace(root / "pkg" / "mod5.py")
        assert finds(daemon, root, f"atomic_{number}_save") == ["pkg/mod5.py"]


def test_ignore_rules_take_effect_at_once(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    (root / ".gitignore").write_text("mod7.py\n")
    assert finds(daemon, root, "value7'") == []
    assert finds(daemon, root, "value8'") == ["pkg/mod8.py"]
    (root / ".gitignore").unlink()
    assert finds(daemon, root, "value7'") == ["pkg/mod7.py"]


def test_secrets_are_not_indexed_unless_asked_for(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    make_tree(
        root, {".env": "PASSWORD=canaryword\n", "server.pem": "canaryword\n", "app.py": "# canaryword\n"}
    )
    assert finds(daemon, root, "canaryword") == ["app.py"]
    (root / ".vexorignore").write_text("!.env\n")
    assert sorted(finds(daemon, root, "canaryword")) == [".env", "app.py"]


def test_a_file_that_is_not_utf8_and_a_name_that_is_not(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    (root / "latin.py").write_bytes("# caf\xe9 crémière marker_latin\n".encode("latin-1"))
    name = os.path.join(os.fsencode(root), b"bad\xffname.py")
    with open(name, "w") as file:
        file.write("marker_badname = 1\n")
    assert finds(daemon, root, "marker_latin") == ["latin.py"]
    assert finds(daemon, root, "marker_badname") == ["bad\udcffname.py"]


def test_branch_switches(project: tuple[Daemon, Path], xdg: Xdg) -> None:
    daemon, root = project

    def git(*args: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run(["git", *identity, *args], cwd=root, env=xdg.env, check=True, capture_output=True)

    git("init", "-q", "-b", "one")
    git("add", ".")
    git("commit", "-qm", "one")
    git("checkout", "-qb", "two")
    for path in (root / "pkg").glob("*.py"):
        path.write_text(path.read_text().replace("value", "branchtwo"))
    git("commit", "-qam", "two")
    for _ in range(3):
        git("checkout", "-q", "one")
        assert finds(daemon, root, "value9'") == ["pkg/mod9.py"]
        assert finds(daemon, root, "branchtwo9") == []
        git("checkout", "-q", "two")
        assert finds(daemon, root, "branchtwo9") == ["pkg/mod9.py"]
        assert finds(daemon, root, "value9'") == []


def test_every_hit_is_the_text_of_the_file(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    reply = daemon.search("function value", path=str(root), top=30)
    assert len(texts(reply)) == 30
    for hit in reply["results"][0]["hits"]:
        lines = (root / hit["path"]).read_text().split("\n")
        assert "\n".join(lines[hit["start_line"] - 1 : hit["end_line"]]).startswith(hit["text"].rstrip("\n"))


def test_a_wait_ends_when_the_writes_before_it_are_searchable(project: tuple[Daemon, Path]) -> None:
    daemon, root = project
    (root / "pkg" / "late.py").write_text("waited_for_marker = 1\n")
    assert daemon.request("wait", {"path": str(root), "timeout_ms": 10_000}, 15)["reached"] is True
    reply = daemon.request("search", {"query": "waited_for_marker", "path": str(root), "fresh_ms": 0})
    assert [hit["path"] for hit in reply["results"][0]["hits"][:1]] == ["pkg/late.py"]
