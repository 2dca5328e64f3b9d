"""Which folder is registered for a path, and which are refused."""

import os
from pathlib import Path

import pytest
from vexor_protocol.errors import BAD_ROOT, ProtocolError

from vexord.projects.roots import resolve_root


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "users" / "ada"
    folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def refused(path: str, **options: bool) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        resolve_root(path, **options)
    assert caught.value.kind is BAD_ROOT
    assert caught.value.hint
    return caught.value


def test_links_and_dots_are_resolved(home: Path) -> None:
    (home / "code").mkdir()
    (home / "link").symlink_to("code")
    assert resolve_root(f"{home}/link/../link/.") == str(home / "code")


def test_the_enclosing_git_root_stands_for_a_folder(home: Path) -> None:
    deep = home / "repo" / "a" / "b"
    deep.mkdir(parents=True)
    (home / "repo" / ".git").mkdir()
    assert resolve_root(str(deep), exact=False) == str(home / "repo")
    assert resolve_root(str(deep), exact=True) == str(deep)


def test_a_worktree_or_submodule_is_a_root_of_its_own(home: Path) -> None:
    deep = home / "repo" / "module" / "src"
    deep.mkdir(parents=True)
    (home / "repo" / ".git").mkdir()
    (home / "repo" / "module" / ".git").write_text("gitdir: ../.git/modules/module\n")
    assert resolve_root(str(deep), exact=False) == str(home / "repo" / "module")


def test_a_git_folder_in_home_or_above_is_not_climbed_to(home: Path) -> None:
    (home / ".git").mkdir()
    (home.parent / ".git").mkdir()
    (home / "notes").mkdir()
    assert resolve_root(str(home / "notes"), exact=False) == str(home / "notes")


@pytest.mark.parametrize("exact", [True, False])
def test_home_and_what_contains_it_need_force(home: Path, exact: bool) -> None:
    for wide in (str(home), str(home.parent), "/"):
        assert "--force" in refused(wide, exact=exact).hint
        assert resolve_root(wide, exact=exact, force=True) == wide


def test_a_neighbour_whose_name_begins_like_home_is_allowed(home: Path) -> None:
    neighbour = home.parent / "ad"
    neighbour.mkdir()
    assert resolve_root(str(neighbour)) == str(neighbour)


def test_what_is_no_folder_is_refused_by_name(home: Path) -> None:
    (home / "file").write_text("x")
    (home / "loop").symlink_to("loop")
    os.mkfifo(home / "pipe")
    assert "no folder" in refused(f"{home}/missing").message
    assert "not a folder" in refused(f"{home}/file").message
    assert "not a folder" in refused(f"{home}/pipe").message
    assert "loop" in refused(f"{home}/loop").message
    assert "absolute" in refused("code").message
    assert "absolute" in refused("/code\0").message
