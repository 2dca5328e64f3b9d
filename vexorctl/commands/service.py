"""`vexorctl service`: start the daemon at login, by systemd or launchd."""

import argparse
import dataclasses
import json
import sys

from vexorctl.errors import ClientError
from vexorctl.managers import CommandError, Outcome, manager
from vexorctl.stopping import stop_daemon
from vexorctl.unit_files import daemon_command

HELP = "start the daemon at login (systemd user unit or launchd agent)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    install = actions.add_parser("install", help="write the unit file, enable it and start the daemon")
    install.add_argument("--no-start", action="store_true", help="enable it for the next login only")
    actions.add_parser("uninstall", help="stop the service and delete its unit file")
    status = actions.add_parser("status", help="show whether it is installed and runs")
    status.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; `status` returns 1 if the service is not installed or known not to run."""
    if args.action == "status":
        return _status(args.json)
    try:
        if args.action == "install":
            if not args.no_start and manager().state().active is not None:
                stop_daemon()  # one started on demand holds the lock; its successor is the service
            outcome = manager().install(daemon_command(), start=not args.no_start)
        else:
            outcome = manager().uninstall()
    except CommandError as error:
        raise ClientError(str(error), "look at: vexorctl service status") from None
    except OSError as error:
        raise ClientError(f"cannot write {error.filename}: {error.strerror}", "mend its rights") from None
    _report(outcome)
    return 0


def _report(outcome: Outcome) -> None:
    for line in outcome.done:
        print(line)
    if not outcome.done and not outcome.by_hand:
        print("nothing to do: the service is not installed")
    if outcome.by_hand:
        print(
            "the service manager of your session cannot be reached from here; once it can, run:",
            file=sys.stderr,
        )
        for line in outcome.by_hand:
            print(f"  {line}", file=sys.stderr)


def _status(as_json: bool) -> int:
    state = manager().state()
    if as_json:
        print(json.dumps({**dataclasses.asdict(state), "stale": state.stale}))
    elif not state.installed:
        print(f"not installed ({state.unit_file}); install it with: vexorctl service install")
    else:
        words = {True: "active", False: "not active", None: f"{state.manager} cannot be asked from here"}
        print(f"{state.unit_file}\n  runs: {' '.join(state.command)}\n  state: {words[state.active]}")
        if state.stale:
            print("  that program does not exist any more; run: vexorctl service install")
    return 0 if state.installed and state.active is not False and not state.stale else 1
