"""The two service managers: put the unit in place, start it where they can be reached, and the reverse."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Protocol

from vexorctl import unit_files

_COMMAND_TIMEOUT_S = 40.0


@dataclass(slots=True)
class Outcome:
    """What was done, and what the user has to run by hand because the manager could not be reached."""

    done: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What is known of the service. `active` is None where the manager cannot be asked."""

    manager: str
    unit_file: str
    installed: bool
    command: list[str]
    active: bool | None
    enabled: bool | None

    @property
    def stale(self) -> bool:
        """Whether the unit names a program that is not there any more."""
        return self.installed and not (self.command and os.access(self.command[0], os.X_OK))


class CommandError(Exception):
    """The manager refused a command; the message holds what it said."""


class Manager(Protocol):
    """One service manager."""

    def install(self, command: list[str], start: bool) -> Outcome:
        """Write the unit for `command`, enable and with `start` start it.

        Raises:
            OSError: the file cannot be written.
            CommandError: the manager refuses.
        """
        ...

    def uninstall(self) -> Outcome:
        """Stop, disable and delete; nothing to do is no error."""
        ...

    def state(self) -> ServiceState:
        """Look, change nothing."""
        ...


class SystemdUser:
    """`systemctl --user`."""

    def __init__(self) -> None:
        base = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
        self.path = os.path.join(base, "systemd", "user", unit_files.SYSTEMD_UNIT)

    def install(self, command: list[str], start: bool) -> Outcome:
        """See `Manager`."""
        write_whole(self.path, unit_files.systemd_unit(command).encode())
        outcome = Outcome([f"wrote {self.path}"])
        enable = ["enable", "--now"] if start else ["enable"]
        self._steps(outcome, [["daemon-reload"], [*enable, unit_files.SYSTEMD_UNIT]])
        return outcome

    def uninstall(self) -> Outcome:
        """See `Manager`."""
        outcome = Outcome()
        if not os.path.exists(self.path):
            return outcome
        self._steps(outcome, [["disable", "--now", unit_files.SYSTEMD_UNIT]])
        os.unlink(self.path)
        outcome.done.append(f"deleted {self.path}")
        self._steps(outcome, [["daemon-reload"]])
        return outcome

    def state(self) -> ServiceState:
        """See `Manager`."""
        text = read_text(self.path)
        reachable = self._reachable()
        return ServiceState(
            manager="systemd",
            unit_file=self.path,
            installed=text is not None,
            command=unit_files.unit_command(text or ""),
            active=_succeeds(self._command("is-active", "--quiet", unit_files.SYSTEMD_UNIT))
            if reachable
            else None,
            enabled=_succeeds(self._command("is-enabled", "--quiet", unit_files.SYSTEMD_UNIT))
            if reachable
            else None,
        )

    def _steps(self, outcome: Outcome, steps: list[list[str]]) -> None:
        reachable = self._reachable()
        for step in steps:
            command = self._command(*step)
            if reachable:
                run(command)
                outcome.done.append(" ".join(command))
            else:
                outcome.by_hand.append(" ".join(command))

    def _reachable(self) -> bool:
        return _succeeds(self._command("show-environment"))

    @staticmethod
    def _command(*words: str) -> list[str]:
        return ["systemctl", "--user", *words]


class Launchd:
    """`launchctl` and the user's LaunchAgents folder."""

    def __init__(self) -> None:
        self.path = os.path.expanduser(f"~/Library/LaunchAgents/{unit_files.LAUNCHD_PLIST}")
        self._domain = f"gui/{os.getuid()}"

    def install(self, command: list[str], start: bool) -> Outcome:
        """See `Manager`."""
        write_whole(self.path, unit_files.launchd_plist(command))
        outcome = Outcome([f"wrote {self.path}"])
        if start:
            if _succeeds(self._print()):
                self._step(outcome, ["launchctl", "bootout", f"{self._domain}/{unit_files.LAUNCHD_LABEL}"])
            self._step(outcome, ["launchctl", "bootstrap", self._domain, self.path])
        return outcome

    def uninstall(self) -> Outcome:
        """See `Manager`."""
        outcome = Outcome()
        if _succeeds(self._print()):
            self._step(outcome, ["launchctl", "bootout", f"{self._domain}/{unit_files.LAUNCHD_LABEL}"])
        if os.path.exists(self.path):
            os.unlink(self.path)
            outcome.done.append(f"deleted {self.path}")
        return outcome

    def state(self) -> ServiceState:
        """See `Manager`."""
        text = read_text(self.path)
        loaded = _succeeds(self._print())
        return ServiceState(
            manager="launchd",
            unit_file=self.path,
            installed=text is not None,
            command=unit_files.plist_command(text.encode()) if text is not None else [],
            active=loaded,
            enabled=text is not None,
        )

    def _print(self) -> list[str]:
        return ["launchctl", "print", f"{self._domain}/{unit_files.LAUNCHD_LABEL}"]

    @staticmethod
    def _step(outcome: Outcome, command: list[str]) -> None:
        try:
            run(command)
            outcome.done.append(" ".join(command))
        except CommandError:  # no graphical session to load it into: it is loaded at the next login
            outcome.by_hand.append(" ".join(command))


def manager() -> Manager:
    """Return this platform's service manager."""
    return Launchd() if sys.platform == "darwin" else SystemdUser()


def write_whole(path: str, data: bytes) -> None:
    """Replace a file in one step, mode 0644 as service managers expect; missing folders are made."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".vexord-", delete=False) as file:
        try:
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


def read_text(path: str) -> str | None:
    """Return a file's text, or None if it is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


def run(command: list[str]) -> None:
    """Run a manager's command.

    Raises:
        CommandError: it is missing, hangs or fails.
    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMMAND_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"{' '.join(command)}: {error}") from None
    if done.returncode:
        said = done.stderr.strip() or f"exit status {done.returncode}"
        raise CommandError(f"{' '.join(command)}: {said}")


def _succeeds(command: list[str]) -> bool:
    try:
        run(command)
    except CommandError:
        return False
    return True
