"""`vexorctl doctor` finds each trouble, names its mend, and its exit status says how bad it is."""

import argparse
import importlib.metadata
import json
from collections.abc import Callable
from typing import Any

import pytest
from vexor_protocol import PROTOCOL_VERSION

from tests.support.xdg import Xdg
from vexorctl import checks
from vexorctl.checks import Finding
from vexorctl.commands import doctor
from vexorctl.errors import ClientError
from vexorctl.unit_files import systemd_unit

HELLO: dict[str, Any] = {
    "version": importlib.metadata.version("vexord"),
    "protocol": PROTOCOL_VERSION,
    "protocol_min": PROTOCOL_VERSION,
    "pid": 7,
}
STATUS: dict[str, Any] = {
    "indexer": {
        "state": "running",
        "restarts": 0,
        "watches": 10,
        "watch_limit": 1000,
        "pid": 8,
        "last_error": "",
    },
    "degraded": [],
    "projects": [{"project": "/src/a", "state": "ready", "degraded": []}],
}


def ask(hello: dict[str, Any] = HELLO, status: dict[str, Any] = STATUS) -> Callable[[str], dict[str, object]]:
    return {"hello": hello, "status": status}.__getitem__


def found(findings: list[Finding], check: str) -> Finding:
    (finding,) = [item for item in findings if item.check == check]
    return finding


def indexer(**changes: object) -> dict[str, Any]:
    return {**STATUS, "indexer": {**STATUS["indexer"], **changes}}


def test_a_healthy_daemon_has_no_failure(xdg: Xdg) -> None:
    (xdg.runtime / "vexord").mkdir(mode=0o700)
    findings = checks.examine(ask())
    names = ("runtime folder", "settings", "daemon", "indexer", "inotify watches", "model", "projects")
    for name in (*names, "service"):
        assert found(findings, name).level == "ok"


def test_an_open_runtime_folder_fails_with_the_chmod(xdg: Xdg) -> None:
    folder = xdg.runtime / "vexord"
    folder.mkdir()
    folder.chmod(0o755)
    finding = found(checks.examine(ask()), "runtime folder")
    assert finding.level == "fail"
    assert f"chmod 700 {folder}" in finding.mend


def test_wrong_settings_fail_with_the_nearest_right_ones(xdg: Xdg) -> None:
    (xdg.config / "vexord").mkdir()
    (xdg.config / "vexord" / "config.toml").write_text('[index]\nmood = "full"\n')
    finding = found(checks.examine(ask()), "settings")
    assert (finding.level, finding.mend) == ("fail", "did you mean 'mode'?")


def test_a_session_without_runtime_folder_is_warned(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(checks.sys, "platform", "linux")
    assert found(checks.examine(ask()), "session").level == "warn"


def test_another_release_and_another_protocol_name_the_restart(xdg: Xdg) -> None:
    older = found(checks.examine(ask({**HELLO, "version": "0.0.1"})), "daemon")
    assert (older.level, older.mend) == ("warn", "vexorctl restart")
    assert "0.0.1" in older.message
    alien = found(
        checks.examine(ask({**HELLO, "protocol_min": PROTOCOL_VERSION + 1, "protocol": 9})), "daemon"
    )
    assert (alien.level, alien.mend) == ("fail", "vexorctl restart")


@pytest.mark.parametrize(
    ("changes", "check", "level"),
    [
        ({"state": "restarting", "last_error": "killed by signal 9"}, "indexer", "fail"),
        ({"restarts": 2}, "indexer", "warn"),
        ({"watches": 950}, "inotify watches", "warn"),
    ],
)
def test_indexer_trouble_is_seen(xdg: Xdg, changes: dict[str, object], check: str, level: str) -> None:
    finding = found(checks.examine(ask(status=indexer(**changes))), check)
    assert finding.level == level
    assert finding.mend


def test_what_the_daemon_says_of_a_project_is_passed_on(xdg: Xdg) -> None:
    reason = {"name": "watch_limit", "message": "40 folders are not watched", "hint": "sysctl …"}
    projects = [
        {"project": "/a", "state": "ready", "degraded": [reason]},
        {"project": "/b", "state": "root_gone"},
    ]
    findings = checks.examine(ask(status={**STATUS, "projects": projects}))
    assert found(findings, "/a") == Finding("/a", "warn", "40 folders are not watched", "sysctl …")
    assert found(findings, "/b").level == "fail"


def test_a_unit_whose_program_is_gone_fails(xdg: Xdg) -> None:
    unit = xdg.config / "systemd" / "user" / "vexord.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(systemd_unit([str(xdg.base / "gone")]))
    finding = found(checks.examine(ask()), "service")
    assert (finding.level, finding.mend) == ("fail", "vexorctl service install")


def test_little_room_on_the_disk_is_seen(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_LITTLE_ROOM_BYTES", 1 << 62)
    assert found(checks.examine(ask()), "cache folder").level == "warn"
    monkeypatch.setattr(checks, "_NO_ROOM_BYTES", 1 << 61)
    assert found(checks.examine(ask()), "cache folder").level == "fail"


def test_missing_model_files_are_named(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_MODEL_FILES", ("embed/none",))
    finding = found(checks.examine(ask()), "model")
    assert finding.level == "fail"
    assert "vexord/embed/none" in finding.message


def test_exit_status_and_json_tell_the_worst(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(*_: object, **__: object) -> dict[str, object]:
        raise ClientError("no daemon runs", "")

    monkeypatch.setattr(doctor, "request", silent)
    monkeypatch.setattr(checks, "inotify_instances", lambda: iter(()))
    parser = argparse.ArgumentParser()
    doctor.configure(parser)
    assert doctor.run(parser.parse_args(["--json"])) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["level"] == "warn"
    assert {"check", "level", "message", "mend"} <= set(report["findings"][0])
    (xdg.runtime / "vexord").mkdir()
    (xdg.runtime / "vexord").chmod(0o777)
    assert doctor.run(parser.parse_args([])) == 2
    assert "fail  runtime folder" in capsys.readouterr().out
