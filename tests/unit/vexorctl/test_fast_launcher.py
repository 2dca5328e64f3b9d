"""The `vexorctl` script finds its interpreter and its package in every layout that installers make."""

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import vexorctl
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import FakeDaemon, answer, fake_daemon, run

CLIENT = Path(vexorctl.__file__).parent
CHECKOUT = CLIENT.parent
LAUNCHER = CLIENT / "launcher" / "vexorctl"
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass
class Layout:
    """An environment as a virtual environment has it: interpreter, packages, script."""

    root: Path

    @property
    def script(self) -> Path:
        return self.root / "bin" / "vexorctl"

    @property
    def site(self) -> Path:
        return self.root / "lib" / VERSION / "site-packages"

    def make(self, names: tuple[str, ...] = ("python", VERSION)) -> "Layout":
        (self.root / "bin").mkdir(parents=True)
        self.site.mkdir(parents=True)
        home = Path(sys._base_executable).parent  # type: ignore[attr-defined]
        (self.root / "pyvenv.cfg").write_text(f"home = {home}\ninclude-system-site-packages = false\n")
        for name in names:
            (self.root / "bin" / name).symlink_to(
                sys.executable if os.path.islink(sys.executable) else home / "python3"
            )
        shutil.copy(LAUNCHER, self.script)
        return self

    def with_package(self) -> "Layout":
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CLIENT, self.site / "vexorctl", ignore=ignore)
        shutil.copytree(CHECKOUT / "protocol" / "vexor_protocol", self.site / "vexor_protocol", ignore=ignore)
        return self


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "venv")


@pytest.fixture
def daemon(xdg: Xdg) -> Iterator[FakeDaemon]:
    with fake_daemon(xdg, lambda _: answer()) as running:
        yield running


def check(xdg: Xdg, daemon: FakeDaemon, script: Path, path: str = "/usr/bin:/bin") -> None:
    """Search, and see that arguments with blanks and quotes came through."""
    query = 'it\'s "two  words" *'
    done = run([script, "search", query, "--path", "/a b"], {**xdg.env, "PATH": path}, cwd="/")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hit\n", b"")
    params = daemon.requests[-1]["params"]
    assert (params["query"], params["path"]) == (query, "/a b")


def test_the_script_is_executable_as_wheels_need_it() -> None:
    assert os.access(LAUNCHER, os.X_OK)
    assert LAUNCHER.read_bytes().startswith(b"#!/bin/sh\n")


def test_a_virtual_environment(xdg: Xdg, daemon: FakeDaemon, layout: Layout) -> None:
    check(xdg, daemon, layout.make().with_package().script)


def test_a_virtual_environment_whose_python_has_only_the_plain_name(
    xdg: Xdg, daemon: FakeDaemon, layout: Layout
) -> None:
    check(xdg, daemon, layout.make(("python",)).with_package().script)


def test_an_editable_install(xdg: Xdg, daemon: FakeDaemon, layout: Layout) -> None:
    layout.make()
    (layout.site / "_vexord.pth").write_text(f"{CHECKOUT}\n{CHECKOUT}/protocol")
    check(xdg, daemon, layout.script)


def test_a_layout_where_another_pth_file_decides(xdg: Xdg, daemon: FakeDaemon, layout: Layout) -> None:
    layout.make()
    (layout.site / "other.pth").write_text(f"{CHECKOUT}\n{CHECKOUT}/protocol")
    check(xdg, daemon, layout.script)


@pytest.mark.parametrize("tool", ["uv/tools", "pipx/venvs", "elsewhere"])
@pytest.mark.parametrize("relative", [False, True])
def test_links_that_pipx_and_uv_make(
    xdg: Xdg, daemon: FakeDaemon, tmp_path: Path, tool: str, relative: bool
) -> None:
    made = Layout(tmp_path / "share" / tool / "vexord").make().with_package()
    (tmp_path / "bin").mkdir()
    link = tmp_path / "bin" / "vexorctl"
    link.symlink_to(os.path.relpath(made.script, link.parent) if relative else made.script)
    (tmp_path / "empty").mkdir()
    # Where the tools keep their environments is known, so that even `readlink` is not needed.
    check(xdg, daemon, link, "/usr/bin:/bin" if tool == "elsewhere" else str(tmp_path / "empty"))


def test_a_user_install_uses_the_python_of_its_version(
    xdg: Xdg, daemon: FakeDaemon, layout: Layout, tmp_path: Path
) -> None:
    layout.make(()).with_package()
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / VERSION).symlink_to(sys.executable)
    check(xdg, daemon, layout.script, f"{tmp_path}/path:/usr/bin:/bin")


def test_found_in_path_by_its_name(xdg: Xdg, daemon: FakeDaemon, layout: Layout) -> None:
    layout.make().with_package()
    env = {**xdg.env, "PATH": f"{layout.root}/bin:/usr/bin:/bin"}
    assert run(["sh", "-c", "vexorctl search x"], env).stdout == b"hit\n"
    assert run(["sh", str(layout.script.name), "x"], env, cwd=layout.script.parent).stdout == b"hit\n"


def test_other_commands_find_every_package_of_the_environment(xdg: Xdg, layout: Layout) -> None:
    layout.make().with_package()
    (layout.site / "more.pth").write_text(
        "\n".join(entry for entry in sys.path if entry.endswith("-packages"))
    )
    done = run([layout.script, "status", "--json"], {**xdg.env, "VEXORCTL_NO_SPAWN": "1"})
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, b"vexorctl: no daemon runs")
    assert run([layout.script, "--help"], xdg.env).returncode == 0


def test_the_straight_road_forks_nothing(
    xdg: Xdg, daemon: FakeDaemon, layout: Layout, tmp_path: Path
) -> None:
    # With no program in PATH, a script that needed one would say so.
    (tmp_path / "empty").mkdir()
    check(xdg, daemon, layout.make().with_package().script, str(tmp_path / "empty"))


def test_without_any_python_the_error_names_the_mend(xdg: Xdg, layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = run([layout.make(()).script, "x"], {**xdg.env, "PATH": str(tmp_path / "empty")})
    assert done.returncode == 2
    assert b"hint: install vexord again" in done.stderr
