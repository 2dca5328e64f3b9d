"""`vexorctl restart`: stop the daemon, also one that hangs, and start this installation's."""

import argparse

from vexorctl.commands import start
from vexorctl.stopping import stop_daemon

HELP = "stop the daemon, also one that hangs, and start it again"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no flags."""


def run(args: argparse.Namespace) -> int:
    """Stop and start."""
    stop_daemon()
    return start.run(args)
