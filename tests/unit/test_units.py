"""The shipped service files: what the service managers' own checkers say, and only keys that we meant."""

import os
import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "vexord.service"
PLIST = ROOT / "launchd" / "io.github.vexord.plist"
LAUNCHD_KEYS = {
    "Label": str,
    "ProgramArguments": list,
    "EnvironmentVariables": dict,
    "RunAtLoad": bool,
    "KeepAlive": dict,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "LowPriorityIO": bool,
    "SoftResourceLimits": dict,
    "Umask": int,
}
"""Allow-list: launchd ignores a misspelt key in silence."""
BREAKS_USER_UNITS = (
    "CapabilityBoundingSet", "AmbientCapabilities", "ProtectKernelModules", "ProtectClock", "User", "Group",
    "RuntimeDirectory", "MemoryDenyWriteExecute", "ProtectHome", "PrivateUsers",
)  # fmt: skip

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")


def analyse(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    return subprocess.run(
        ["systemd-analyze", *words], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def copy_of_unit(folder: Path, extra: str = "") -> str:
    """The unit with a program that exists, and more lines in its [Service] section."""
    text = UNIT.read_text().replace("ExecStart=/usr/bin/vexord", f"ExecStart={shutil.which('true')}\n{extra}")
    copy = folder / UNIT.name
    copy.write_text(text)
    return str(copy)


@needs_systemd
def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    done = analyse(tmp_path, "verify", "--user", copy_of_unit(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
def test_the_check_above_would_see_a_misspelt_key(tmp_path: Path) -> None:
    done = analyse(tmp_path, "verify", "--user", copy_of_unit(tmp_path, "WatchdogSek=3"))
    assert "WatchdogSek" in done.stderr


@needs_systemd
def test_the_sandbox_is_tight_enough(tmp_path: Path) -> None:
    # The tool rates the file as a system service of root. Started by a user manager it is an ordinary user,
    # without capabilities, and NoNewPrivileges keeps it so: the two added lines state that for the rating.
    copy = copy_of_unit(tmp_path, "User=1000\nCapabilityBoundingSet=")
    done = analyse(tmp_path, "security", "--offline=yes", "--no-pager", "--threshold=40", copy)
    assert done.returncode == 0, done.stdout[-200:]


@pytest.mark.parametrize("key", BREAKS_USER_UNITS)
def test_no_option_that_a_user_manager_cannot_apply(key: str) -> None:
    assert not [line for line in UNIT.read_text().splitlines() if line.startswith(key + "=")]


def test_the_unit_waits_for_readiness_and_restarts_after_a_crash() -> None:
    lines = UNIT.read_text().splitlines()
    for wanted in (
        "Type=notify",
        "WatchdogSec=30",
        "Restart=on-failure",
        "OOMPolicy=continue",
        "KillMode=mixed",
    ):
        assert wanted in lines


def test_the_plist_survives_a_round_trip_and_has_known_keys_of_the_right_type() -> None:
    content = plistlib.loads(PLIST.read_bytes())
    assert plistlib.loads(plistlib.dumps(content)) == content
    assert content["Label"] == PLIST.stem
    for key, value in content.items():
        assert type(value) is LAUNCHD_KEYS[key], key
    assert content["KeepAlive"] == {"SuccessfulExit": False}
    assert content["Umask"] == 0o077
    assert os.path.isabs(content["ProgramArguments"][0])
