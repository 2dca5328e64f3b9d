"""`vexorctl doctor` finds each trouble, names its mend, and its exit status says how bad it is."""

import argparse
import fcntl
import importlib.metadata
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vexor_protocol import PROTOCOL_VERSION

from tests.support.xdg import Xdg
from vexorctl import checks, checks_install, checks_machine
from vexorctl.commands import doctor
from vexorctl.errors import ClientError
from vexorctl.findings import Finding
from vexorctl.folders import log_file
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
    folders = [f"{name} folder" for name in ("runtime", "cache", "state", "log", "data", "config")]
    names = ("settings", "keys", "daemon", "indexer", "inotify watches", "model", "projects", "clock")
    for name in (*folders, *names, "service"):
        assert found(findings, name).level == "ok", name


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
    monkeypatch.setattr(checks_machine.sys, "platform", "linux")
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
    assert found(findings, "watch_limit") == Finding(
        "watch_limit", "warn", "/a: 40 folders are not watched", "sysctl …"
    )
    assert found(findings, "root_gone").level == "fail"
    assert found(findings, "projects").message == "0 of 2 are well"


def test_a_unit_whose_program_is_gone_fails(xdg: Xdg) -> None:
    unit = xdg.config / "systemd" / "user" / "vexord.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(systemd_unit([str(xdg.base / "gone")]))
    finding = found(checks.examine(ask()), "service")
    assert (finding.level, finding.mend) == ("fail", "vexorctl service install")


def test_little_room_on_the_disk_is_seen(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_machine, "LITTLE_ROOM_BYTES", 1 << 62)
    assert found(checks.examine(ask()), "cache folder").level == "warn"
    monkeypatch.setattr(checks_machine, "NO_ROOM_BYTES", 1 << 61)
    assert found(checks.examine(ask()), "cache folder").level == "fail"


def test_missing_and_damaged_model_files_are_named(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec("vexord")
    assert spec is not None and spec.submodule_search_locations is not None
    model = xdg.base / "vexord" / "embed" / "model"
    shutil.copytree(Path(spec.submodule_search_locations[0]) / "embed" / "model", model)
    copy = SimpleNamespace(submodule_search_locations=[str(xdg.base / "vexord")])
    monkeypatch.setattr(checks_install.importlib.util, "find_spec", lambda _: copy)
    assert [one.level for one in checks_install.model_files()] == ["ok"]
    data = bytearray((model / "rows.npy").read_bytes())
    data[5_000] ^= 1
    (model / "rows.npy").write_bytes(data)
    (finding,) = checks_install.model_files()
    assert (finding.level, "rows.npy" in finding.message) == ("fail", True)
    (model / "rows.npy").unlink()
    (finding,) = checks_install.model_files()
    assert (finding.level, "rows.npy is missing" in finding.message) == ("fail", True)
    assert "pip install --force-reinstall" in finding.mend


def test_a_folder_that_others_can_change_or_that_cannot_be_written_fails(xdg: Xdg) -> None:
    folder = xdg.cache / "vexord"
    folder.mkdir()
    folder.chmod(0o777)
    finding = found(checks.examine(ask()), "cache folder")
    assert (finding.level, finding.mend) == ("fail", f"chmod 700 {folder}")


def test_an_open_key_file_and_a_missing_key_fail(xdg: Xdg) -> None:
    (xdg.config / "vexord" / "keys").mkdir(parents=True)
    (xdg.config / "vexord" / "config.toml").write_text('[embedding]\nprovider = "openai"\n')
    missing = found(checks.examine(ask()), "keys")
    assert (missing.level, missing.mend) == ("fail", "vexorctl config set-key openai")
    key = xdg.config / "vexord" / "keys" / "openai"
    key.write_text("sk-made-up\n")
    key.chmod(0o640)
    finding = found(checks.examine(ask()), "keys")
    assert (finding.level, finding.mend) == ("fail", f"chmod 600 {key}")
    key.chmod(0o600)
    finding = found(checks.examine(ask()), "keys")
    assert finding == Finding("keys", "ok", f"that of openai is from {key}")


@pytest.mark.parametrize(
    ("address", "level"),
    [("http://models.example/v1", "warn"), ("http://localhost:1234/v1", "ok"), ("https://x/v1", "ok")],
)
def test_texts_that_go_unencrypted_are_warned_of(xdg: Xdg, address: str, level: str) -> None:
    (xdg.config / "vexord").mkdir()
    (xdg.config / "vexord" / "config.toml").write_text(
        f'[embedding]\nprovider = "compatible"\nmodel = "m"\nbase_url = "{address}"\n'
    )
    assert found(checks.examine(ask()), "keys").level == level


def test_another_installation_on_the_path_and_in_the_unit_is_seen(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = xdg.base / "bin" / "vexord"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}:/usr/bin")
    finding = found(checks.examine(ask()), "programs")
    assert (finding.level, str(other) in finding.message) == ("warn", True)
    unit = xdg.config / "systemd" / "user" / "vexord.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(systemd_unit([str(other)]))
    finding = found(checks.examine(ask()), "service")
    assert (finding.level, finding.mend) == ("warn", "vexorctl service install")


def test_errors_in_the_log_of_the_last_day_are_counted(xdg: Xdg) -> None:
    path = Path(log_file())
    path.parent.mkdir(parents=True)
    now = datetime.now(UTC)
    lines = [
        f"{(now - timedelta(days=age)):%Y-%m-%dT%H:%M:%S}.000Z {level} server.app text"
        for age, level in ((3, "error"), (0, "info"), (0, "error"), (0, "critical"))
    ]
    path.write_text("garbage\n" + "\n".join(lines) + "\n")
    finding = found(checks.examine(ask()), "errors logged")
    assert (finding.level, finding.mend) == ("warn", "vexorctl logs")
    assert finding.message.startswith("2 in the last day")
    assert finding.message.endswith("by server.app")


def test_files_of_the_future_tell_of_a_clock_set_back(xdg: Xdg) -> None:
    path = xdg.state / "vexord" / "starts.json"
    path.parent.mkdir()
    path.write_text("[]")
    os.utime(path, (time.time() + 7200, time.time() + 7200))
    assert found(checks.examine(ask()), "clock").level == "warn"


def test_crashes_of_the_last_day_and_a_throttled_provider_are_seen(xdg: Xdg) -> None:
    remote = {"provider": "openai", "bulk": {"state": "throttled", "problem": "429"}, "queries": None}
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = {**STATUS, "unclean_ends": ["2020-01-01T00:00:00Z", now], "remote": remote}
    findings = checks.examine(ask(status=status))
    assert "(1 time within a day)" in found(findings, "crashes").message
    assert found(findings, "provider").level == "warn"
    healthy = checks.examine(ask(status={**STATUS, "unclean_ends": ["2020-01-01T00:00:00Z"]}))
    assert not [one for one in healthy if one.check == "crashes"]


def test_instances_and_watches_of_inotify_are_counted_and_a_limit_that_is_near_is_told(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks_machine, "inotify_use", lambda: (127, 190_000))
    monkeypatch.setattr(checks_machine, "number", lambda path: 128 if "instances" in path else 192_908)
    findings = checks.examine(ask())
    assert found(findings, "inotify instances").mend == "sudo sysctl fs.inotify.max_user_instances=1024"
    assert found(findings, "inotify watches").mend == "sudo sysctl fs.inotify.max_user_watches=1048576"


def test_a_daemon_that_holds_the_lock_and_says_nothing_fails(xdg: Xdg) -> None:
    def silent(_method: str) -> dict[str, object]:
        raise ClientError("the daemon does not answer", "run: vexorctl restart", "E_NO_ANSWER")

    folder = xdg.runtime / "vexord"
    folder.mkdir(mode=0o700)
    with open(folder / "vexord.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finding = found(checks.examine(silent), "daemon")
    assert (finding.level, finding.mend) == ("fail", "vexorctl restart")
    assert found(checks.examine(silent), "daemon").level == "warn"


def test_exit_status_and_json_tell_the_worst(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def silent(*_: object, **__: object) -> dict[str, object]:
        raise ClientError("no daemon runs", "")

    monkeypatch.setattr(doctor, "request", silent)
    monkeypatch.setattr(checks_machine, "inotify", lambda: iter(()))
    monkeypatch.setattr(checks_install, "programs", lambda: iter(()))
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
