"""`vexorctl service` against real folders, with a stand-in `systemctl` that keeps a diary."""

import argparse
import json
import os
import plistlib
import stat
import sys
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.xdg import Xdg
from vexorctl import unit_files
from vexorctl.commands import service
from vexorctl.errors import ClientError
from vexorctl.managers import Launchd, SystemdUser

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="asks systemctl")


@pytest.fixture
def systemctl(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `systemctl` first on the PATH; it notes its arguments and fails for those named in `fail`."""
    folder = xdg.base / "bin"
    folder.mkdir()
    diary = folder / "diary"
    program = folder / "systemctl"
    program.write_text(f'#!/bin/sh\necho "$@" >> {diary}\n! grep -qx -e "$2" {folder}/fail 2>/dev/null\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    service.configure(parser)
    return service.run(parser.parse_args(words))


def unit_file(xdg: Xdg) -> Path:
    return xdg.config / "systemd" / "user" / "vexord.service"


def test_install_names_the_program_of_this_installation(xdg: Xdg, systemctl: Path) -> None:
    assert run("install") == 0
    text = unit_file(xdg).read_text()
    (program,) = unit_files.unit_command(text)
    assert program == os.path.join(os.path.dirname(sys.executable), "vexord")
    assert os.access(program, os.X_OK)
    assert stat.S_IMODE(unit_file(xdg).stat().st_mode) == 0o644
    assert f"Environment=XDG_STATE_HOME={xdg.state}" in text
    diary = (systemctl / "diary").read_text().splitlines()
    assert [line for line in diary if "enviro" not in line and "is-" not in line] == [
        "--user daemon-reload",
        "--user enable --now vexord.service",
    ]


def test_without_a_user_manager_it_says_what_to_run(
    xdg: Xdg, systemctl: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (systemctl / "fail").write_text("show-environment\n")
    monkeypatch.setattr(service, "stop_daemon", lambda: pytest.fail("stopped a daemon for nothing"))
    assert run("install") == 0
    assert unit_file(xdg).exists()
    said = capsys.readouterr().err
    assert "  systemctl --user daemon-reload\n  systemctl --user enable --now vexord.service\n" in said


def test_a_refusal_of_the_manager_is_an_error_with_its_words(xdg: Xdg, systemctl: Path) -> None:
    (systemctl / "fail").write_text("enable\n")
    with pytest.raises(ClientError, match=r"systemctl --user enable --now vexord\.service"):
        run("install")


def test_a_running_daemon_makes_room_for_the_service(systemctl: Path, daemon: StartDaemon) -> None:
    running = daemon()
    assert run("install") == 0
    assert running.process.wait(10) == 0
    assert "--user enable --now vexord.service" in (systemctl / "diary").read_text()


def test_uninstall_undoes_install_and_may_be_repeated(xdg: Xdg, systemctl: Path) -> None:
    run("install")
    assert run("uninstall") == 0
    assert not unit_file(xdg).exists()
    assert "--user disable --now vexord.service" in (systemctl / "diary").read_text()
    assert run("uninstall") == 0


def test_status_knows_a_unit_whose_program_is_gone(
    xdg: Xdg, systemctl: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("status") == 1
    run("install")
    assert run("status") == 0
    gone = str(xdg.base / "gone" / "vexord")
    unit_file(xdg).write_text(unit_files.systemd_unit([gone]))
    capsys.readouterr()
    assert run("status", "--json") == 1
    state = json.loads(capsys.readouterr().out)
    assert state["stale"] is True
    assert state["command"] == [gone]


def test_a_program_path_with_spaces_percent_and_quotes_survives(xdg: Xdg) -> None:
    command = ['/opt/my "code" 100%/bin/vexord', "-P", "a\\b"]
    assert unit_files.unit_command(unit_files.systemd_unit(command)) == command
    assert unit_files.plist_command(unit_files.launchd_plist(command)) == command


def test_launchd_gets_a_plist_with_program_and_folders(xdg: Xdg) -> None:
    agent = Launchd()
    outcome = agent.install(["/opt/vexord"], start=False)
    content = plistlib.loads(Path(agent.path).read_bytes())
    assert agent.path.startswith(str(xdg.home / "Library" / "LaunchAgents"))
    assert content["ProgramArguments"] == ["/opt/vexord"]
    assert content["EnvironmentVariables"]["XDG_CACHE_HOME"] == str(xdg.cache)
    assert outcome.done == [f"wrote {agent.path}"]


def test_a_manager_that_cannot_be_asked_is_not_taken_for_stopped(xdg: Xdg, systemctl: Path) -> None:
    run("install")
    (systemctl / "fail").write_text("show-environment\n")
    assert SystemdUser().state().active is None
