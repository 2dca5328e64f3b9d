"""`vexorctl stop`: end the daemon, also one that hangs."""

import argparse

from vexorctl.stopping import stop_daemon

HELP = "stop the daemon, also one that hangs; returns when it is gone"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no flags."""


def run(_args: argparse.Namespace) -> int:
    """Stop it; that none runs is no error."""
    print("stopped" if stop_daemon() else "no daemon runs")
    return 0
