"""What the model of freshness found wrong, each as the shortest story that shows it."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.trees import make_tree
from tests.support.xdg import Xdg

RENAME_EXCHANGE = 2
Finds = Callable[[str], list[str]]


@pytest.fixture
def root(xdg: Xdg) -> Path:
    return make_tree(xdg.home / "root", {"a/one.py": "marker_one = 1\n", "b/two.py": "marker_two = 1\n"})


@pytest.fixture
def finds(daemon: StartDaemon, root: Path) -> Finds:
    running = daemon()
    running.add(root)

    def find(query: str, **params: object) -> list[str]:
        reply = running.search(query, path=str(root), top=50, **params)
        assert reply["stale"] is False, reply
        (result,) = reply["results"]
        assert not result["dropped"], "a fresh answer knew an old text"
        word = query.split(maxsplit=1)[0]
        return sorted(hit["path"] for hit in result["hits"] if word in hit["text"].split())

    return find


def test_rule_files_where_no_watch_stands(finds: Finds, root: Path, xdg: Xdg) -> None:
    excludes = make_tree(xdg.config / "git", {"ignore": "one.py\n"}) / "ignore"
    assert finds("marker_one") == []
    assert finds("marker_two") == ["b/two.py"]
    excludes.write_text("two.py\n")
    assert finds("marker_one") == ["a/one.py"]
    assert finds("marker_two") == []
    excludes.unlink()
    subprocess.run(["git", "init", "-q"], cwd=root, env=xdg.env, check=True)
    assert finds("marker_two") == ["b/two.py"]
    (root / ".git/info/exclude").write_text("two.py\n")
    assert finds("marker_two") == []
    (root / ".git/config").write_text("[core]\nexcludesFile = ~/elsewhere\n")
    (xdg.home / "elsewhere").write_text("one.py\n")
    assert finds("marker_one") == []
    shutil.rmtree(root / ".git")
    assert finds("marker_one") == ["a/one.py"]
    assert finds("marker_two") == ["b/two.py"]


def test_rule_files_above_a_root(daemon: StartDaemon, xdg: Xdg) -> None:
    above = make_tree(xdg.home / "repo", {"in/here/a.py": "marker_one = 1\n", ".git/HEAD": "ref: x\n"})
    running = daemon()
    running.add(above / "in" / "here")
    for rules, found in (("*.py\n", []), ("*.md\n", ["a.py"])):
        (above / "in" / ".gitignore").write_text(rules)
        reply = running.search("marker_one", path=str(above / "in" / "here"))
        hits = reply["results"][0]["hits"]
        assert (reply["stale"], [hit["path"] for hit in hits if "marker_one" in hit["text"]]) == (
            False,
            found,
        )


def test_a_mark_makes_a_folder_output_and_its_end_makes_it_source(finds: Finds, root: Path) -> None:
    make_tree(root, {"a/target/t.py": "marker_t = 1\n", "a/env/e.py": "marker_e = 1\n"})
    assert finds("marker_t") == ["a/target/t.py"]
    assert finds("marker_e") == ["a/env/e.py"]
    (root / "a/Cargo.toml").write_text("[package]\n")
    (root / "a/env/pyvenv.cfg").write_text("home = x\n")
    assert finds("marker_t") == finds("marker_e") == []
    (root / "a/Cargo.toml").unlink()
    (root / "a/env/pyvenv.cfg").unlink()
    assert finds("marker_t") == ["a/target/t.py"]
    assert finds("marker_e") == ["a/env/e.py"]


def test_a_folder_takes_the_name_of_one_with_other_rules(finds: Finds, root: Path, xdg: Xdg) -> None:
    make_tree(
        root, {"b/.gitignore": "sub/\n*.log\n", "b/sub/s.py": "marker_s = 1\n", "b/l.log": "marker_l\n"}
    )
    assert finds("marker_s") == finds("marker_l") == []
    other = make_tree(xdg.home / "other", {"sub/s.py": "marker_s = 1\n", "l.log": "marker_l\n"})
    (root / "b").rename(xdg.home / "away")
    other.rename(root / "b")
    assert finds("marker_s") == ["b/sub/s.py"]
    assert finds("marker_l") == ["b/l.log"]
    (root / "b/sub/s.py").write_text("marker_late = 1\n")
    assert finds("marker_late") == ["b/sub/s.py"], "the folder is watched, too"


def test_two_folders_change_places(finds: Finds, root: Path) -> None:
    for round_ in range(3):
        first, second = os.fsencode(root / "a"), os.fsencode(root / "b")
        assert not ctypes.CDLL(None).renameat2(-100, first, -100, second, RENAME_EXCHANGE)
        assert finds("marker_one") == [["b/one.py"], ["a/one.py"]][round_ % 2]
        make_tree(root, {"a/late.py": f"marker_a{round_} = 1\n", "b/late.py": f"marker_b{round_} = 1\n"})
        assert finds(f"marker_a{round_}") == ["a/late.py"]
        assert finds(f"marker_b{round_}") == ["b/late.py"]


def test_a_write_through_one_of_several_names(finds: Finds, root: Path) -> None:
    os.link(root / "a/one.py", root / "b/link.py")
    assert finds("marker_one") == ["a/one.py", "b/link.py"]
    (root / "b/link.py").write_text("marker_new = 1\n")
    assert finds("marker_new") == ["a/one.py", "b/link.py"]
    (root / "a/one.py").write_text("marker_newer = 1\n")
    assert finds("marker_newer") == ["a/one.py", "b/link.py"]
    assert finds("marker_one") == finds("marker_new") == []


def test_a_path_filter_where_a_name_is_odd(finds: Finds, root: Path) -> None:
    (root / os.fsdecode(b"bad\xff.py")).write_text("marker_bad = 1\n")
    assert finds("marker_bad path:*.py") == ["bad\udcff.py"]
    assert finds("marker_bad path:bad\udcff.py") == ["bad\udcff.py"]
    assert finds("marker_one", filters={"paths": ["*.py"], "exclude": ["b\udcff/"]}) == ["a/one.py"]
    make_tree(root, {"two\nlines/x.py": "marker_lines = 1\n"})
    assert finds("marker_lines path:**/*.py") == ["two\nlines/x.py"]
