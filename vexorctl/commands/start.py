"""`vexorctl start`: start the daemon ahead of the first search."""

import argparse

from vexorctl import spawn
from vexorctl.session import request
from vexorctl.values import number, text
from vexorctl.version import mismatch_note

HELP = "start the daemon (searches do it by themselves)"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no flags."""


def run(_args: argparse.Namespace) -> int:
    """Start it unless it runs."""
    running = spawn.try_connect()
    (running or spawn.start()).close()
    hello = request("hello", {}, start=False)
    word = "runs already" if running else "started"
    print(f"vexord {text(hello, 'version')} {word}, process {number(hello, 'pid')}")
    mismatch_note(hello)
    return 0
