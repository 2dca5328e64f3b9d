"""The service files for this installation: shipped templates with the path of the real program put in."""

import os
import plistlib
import re
import shutil
import sys
import sysconfig
from pathlib import Path

SYSTEMD_UNIT = "vexord.service"
LAUNCHD_LABEL = "io.github.vexord"
LAUNCHD_PLIST = f"{LAUNCHD_LABEL}.plist"
_CARRIED = ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
"""Folders moved by the user must be the same for a daemon that the manager starts."""


def template(name: str) -> Path:
    """Return the path of a shipped template: inside the installed package, else in the checkout.

    Raises:
        FileNotFoundError: neither is there.
    """
    package = Path(__file__).resolve().parent
    folder = "launchd" if name.endswith(".plist") else "systemd"
    for candidate in (package / "units" / name, package.parent / folder / name):
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{name} is missing from this installation")


def daemon_command() -> list[str]:
    """Return the command line that starts the daemon of this very installation."""
    beside = os.path.join(os.path.dirname(sys.executable), "vexord")
    in_scripts = os.path.join(sysconfig.get_path("scripts"), "vexord")
    for candidate in (beside, in_scripts, shutil.which("vexord")):
        if candidate and os.access(candidate, os.X_OK):
            return [os.path.abspath(candidate)]
    return [sys.executable, "-P", "-m", "vexord"]


def systemd_unit(command: list[str]) -> str:
    """Return the text of the user unit that runs `command`."""
    text = template(SYSTEMD_UNIT).read_text(encoding="utf-8")
    lines = [f"ExecStart={' '.join(map(_systemd_quote, command))}"]
    lines += [f"Environment={_systemd_quote(f'{name}={value}')}" for name, value in _carried().items()]
    replaced, count = re.subn(r"^ExecStart=.*$", lambda _: "\n".join(lines), text, flags=re.MULTILINE)
    if count != 1:
        raise ValueError(f"{SYSTEMD_UNIT} has {count} lines ExecStart=")
    return replaced


def launchd_plist(command: list[str]) -> bytes:
    """Return the agent's property list that runs `command`."""
    content = plistlib.loads(template(LAUNCHD_PLIST).read_bytes())
    content["ProgramArguments"] = command
    if carried := _carried():
        content["EnvironmentVariables"] = carried
    return plistlib.dumps(content)


def unit_command(text: str) -> list[str]:
    """Return the command line of an installed systemd unit; empty if it has none."""
    match = re.search(r"^ExecStart=(.+)$", text, flags=re.MULTILINE)
    if match is None:
        return []
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', match[1])
    return [_systemd_unquote(quoted) if quoted else plain.replace("%%", "%") for quoted, plain in words]


def plist_command(data: bytes) -> list[str]:
    """Return the command line of an installed property list; empty if it has none."""
    try:
        arguments = plistlib.loads(data).get("ProgramArguments", [])
    except plistlib.InvalidFileException:
        return []
    return [str(argument) for argument in arguments]


def _carried() -> dict[str, str]:
    return {name: os.environ[name] for name in _CARRIED if os.path.isabs(os.environ.get(name, ""))}


def _systemd_quote(word: str) -> str:
    word = word.replace("%", "%%")
    if re.fullmatch(r"[\w@%+=:,./-]+", word, flags=re.ASCII):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _systemd_unquote(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word).replace("%%", "%")
