"""The registered folders survive crashes, damage and newer versions."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vexor_protocol.errors import BAD_ROOT, STATE, ProtocolError

from tests.support.waiting import wait_until
from vexord import files
from vexord.projects.registry import Registry, RegistryError, index_dir
from vexord.projects.settings import Settings


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "projects.json")


def roots(registry: Registry) -> list[str]:
    return [project.root for project in registry.all()]


def test_projects_come_back_in_order_after_a_restart(path: str) -> None:
    registry = Registry(path)
    added = [registry.add(root) for root in ("/src/b", "/src/a", "/src/c")]
    assert Registry(path).all() == added
    assert Registry(path).problem == ""


def test_the_file_is_private_under_any_umask(path: str) -> None:
    before = os.umask(0)
    try:
        registry = Registry(path)
        registry.add("/src/a")
        registry.add("/src/b")
    finally:
        os.umask(before)
    for name in (path, path + ".bak"):
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o600


def test_id_is_stable_and_tells_the_folder(path: str) -> None:
    first = Registry(path).add("/src/My Project!")
    assert first.id == Registry(path + "2").add("/src/My Project!").id
    slug, _, digest = first.id.rpartition("-")
    assert slug == "my-project"
    assert len(digest) == 8
    assert Registry(path).add("/other/My Project!").id != first.id


def test_a_folder_name_that_is_not_utf8_survives(path: str) -> None:
    root = os.fsdecode(b"/src/caf\xe9")
    project = Registry(path).add(root)
    assert Registry(path).find(root) == project
    assert project.id.startswith("caf-")


def test_find_returns_the_deepest_project(path: str, tmp_path: Path) -> None:
    registry = Registry(path)
    outer = registry.add(str(tmp_path))
    inner = registry.add(str(tmp_path / "sub" / "inner"))
    assert registry.find(str(tmp_path / "sub" / "inner" / "x.py")) == inner
    assert registry.find(str(tmp_path / "sub" / "other.py")) == outer
    assert registry.find(str(tmp_path)) == outer
    assert registry.find(str(tmp_path.parent)) is None


def test_find_compares_components_not_strings(path: str, tmp_path: Path) -> None:
    registry = Registry(path)
    registry.add(str(tmp_path / "b"))
    assert registry.find(str(tmp_path / "bc")) is None
    assert registry.find(str(tmp_path / "bc" / "x.py")) is None


def test_find_follows_symbolic_links_and_dots(path: str, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    registry = Registry(path)
    project = registry.add(str(tmp_path / "real"))
    assert registry.find(str(tmp_path / "link" / "x.py")) == project
    assert registry.find(f"{tmp_path}/real/../link/./y") == project


def test_adding_again_changes_nothing_but_a_given_name(path: str) -> None:
    registry = Registry(path)
    first = registry.add("/src/a")
    assert registry.add("/src/a") == first
    renamed = registry.add("/src/a", name="alpha")
    assert (renamed.id, renamed.added_at, renamed.name) == (first.id, first.added_at, "alpha")
    assert Registry(path).all() == [renamed]


def test_remove_forgets_for_good(path: str) -> None:
    registry = Registry(path)
    project = registry.add("/src/a")
    assert registry.remove("/src/a") == project
    assert registry.remove("/src/a") is None
    assert Registry(path).all() == []


@pytest.mark.parametrize(
    "garbage",
    [b"", b"{", b"\0" * 300, b"[]", b'{"version":1}', b'{"version":1,"projects":[{"id":3}]}', b"[" * 99999],
)
def test_a_damaged_file_is_kept_and_the_backup_serves(path: str, garbage: bytes) -> None:
    registry = Registry(path)
    registry.add("/src/a")
    registry.add("/src/b")
    Path(path).write_bytes(garbage)

    healed = Registry(path)

    assert roots(healed) == ["/src/a"]
    aside = [name for name in os.listdir(os.path.dirname(path)) if ".damaged-" in name]
    assert len(aside) == 1
    assert Path(path).with_name(aside[0]).read_bytes() == garbage
    assert aside[0] in healed.problem
    assert roots(Registry(path)) == ["/src/a"], "the backup's content is the current file again"


def test_a_damaged_file_without_backup_is_reported_not_deleted(path: str) -> None:
    Path(path).write_bytes(b"junk")
    registry = Registry(path)
    assert registry.all() == []
    assert "add the folders again" in registry.problem
    assert registry.add("/src/a").root == "/src/a"
    assert any(entry.read_bytes() == b"junk" for entry in Path(path).parent.iterdir())


def test_a_lost_file_is_restored_from_the_backup(path: str) -> None:
    registry = Registry(path)
    registry.add("/src/a")
    registry.add("/src/b")
    os.unlink(path)
    restored = Registry(path)
    assert roots(restored) == ["/src/a"]
    assert "restored" in restored.problem


def test_a_newer_version_is_neither_read_nor_written(path: str) -> None:
    future = json.dumps({"version": 99, "folders": ["/src/a"]})
    Path(path).write_text(future)
    registry = Registry(path)
    assert "newer vexord" in registry.problem
    with pytest.raises(ProtocolError) as caught:
        registry.add("/src/b")
    assert caught.value.kind is STATE
    assert Path(path).read_text() == future


def test_an_unreadable_file_is_not_taken_for_damage(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Registry(path).add("/src/a")

    def refuse(name: str) -> bytes:
        raise PermissionError(13, "Permission denied", name)

    with monkeypatch.context() as patched:
        patched.setattr(files, "read_file", refuse)
        with pytest.raises(RegistryError, match="cannot read"):
            Registry(path)
    assert [project.root for project in Registry(path).all()] == ["/src/a"]


@pytest.mark.parametrize("what", [os.mkdir, os.mkfifo, lambda path: os.symlink("/nowhere", path)])
def test_what_is_no_file_is_set_aside_and_the_backup_serves(path: str, what: Callable[[str], None]) -> None:
    registry = Registry(path)
    registry.add("/src/a")
    registry.add("/src/b")
    os.unlink(path)
    what(path)
    again = Registry(path)
    assert [project.root for project in again.all()] == ["/src/a"]
    assert "was no file" in again.problem
    assert [project.root for project in Registry(path).all()] == ["/src/a"]


def test_a_failed_write_leaves_memory_and_disk_as_they_were(path: str) -> None:
    registry = Registry(path)
    registry.add("/src/a")
    os.mkdir(path + ".tmp")
    with pytest.raises(ProtocolError) as caught:
        registry.add("/src/b")
    assert caught.value.kind is STATE
    assert roots(registry) == roots(Registry(path)) == ["/src/a"]


WRITE_LOOP = """
import sys
from vexord.projects.registry import Registry
registry = Registry(sys.argv[1])
number = 0
while True:
    registry.add(f"/src/{number}")
    if number:
        registry.remove(f"/src/{number - 1}")
    print(number, flush=True)
    number += 1
"""


def test_kill_at_any_moment_loses_nothing_acknowledged(path: str, tmp_path: Path) -> None:
    Registry(path).add("/src/kept")
    for round_number in range(6):
        output = tmp_path / f"out{round_number}"
        with open(output, "wb") as stdout:
            process = subprocess.Popen([sys.executable, "-c", WRITE_LOOP, path], stdout=stdout)
        wait_until(lambda output=output, least=3 + 7 * round_number: output.read_bytes().count(b"\n") > least)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL

        acknowledged = int(output.read_text().splitlines()[-1])
        registry = Registry(path)
        assert registry.problem == ""
        assert roots(registry)[0] == "/src/kept"
        allowed = {f"/src/{acknowledged + step}" for step in range(3)}
        assert set(roots(registry)[1:]) & allowed
        for root in roots(registry)[1:]:
            registry.remove(root)


def test_index_lies_in_the_cache_or_in_the_project(path: str, tmp_path: Path) -> None:
    settings = Settings(cache_dir="/c", state_dir="/s", config_dir="/k", data_dir="/d", log_dir="/l")
    registry = Registry(path)
    root = tmp_path / "root"
    root.mkdir()
    inside = registry.add(str(root), index_in_project=True)
    outside = registry.add("/src/a")
    assert index_dir(inside, settings) == f"{root}/.vexord/index"
    assert index_dir(outside, settings) == f"/c/projects/{outside.id}"
    assert (root / ".vexord" / ".gitignore").read_text() == "*\n"


def test_a_mode_is_kept_until_another_is_given(path: str) -> None:
    registry = Registry(path)
    assert registry.add("/src/a").mode == ""
    assert registry.add("/src/a", mode="head").mode == "head"
    assert registry.add("/src/a", name="alpha").mode == "head"
    assert Registry(path).all()[0].mode == "head"


def test_an_index_that_came_with_a_folder_is_removed(path: str, tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    (root / ".vexord").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (root / ".vexord" / "index").symlink_to(elsewhere)
    Registry(path).add(str(root), index_in_project=True)
    assert not (root / ".vexord" / "index").exists()
    assert (elsewhere / "kept").exists()


def test_an_index_is_not_put_behind_a_symbolic_link(path: str, tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    elsewhere.mkdir()
    (root / ".vexord").symlink_to(elsewhere)
    registry = Registry(path)
    with pytest.raises(ProtocolError) as caught:
        registry.add(str(root), index_in_project=True)
    assert caught.value.kind is BAD_ROOT
    assert registry.all() == []
    assert list(elsewhere.iterdir()) == []


def test_an_empty_gitignore_that_a_crash_left_is_written_anew(path: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / ".vexord").mkdir(parents=True)
    (root / ".vexord" / ".gitignore").touch()
    Registry(path).add(str(root), index_in_project=True)
    assert (root / ".vexord" / ".gitignore").read_text() == "*\n"
