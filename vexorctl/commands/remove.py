"""`vexorctl remove`: forget a folder and delete its index."""

import argparse
import os

from vexorctl.session import request
from vexorctl.values import say, text

HELP = "forget a folder and delete its index; its files are not touched"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("dir", metavar="DIR", help="root of the project, as `vexorctl list` shows it")


def run(args: argparse.Namespace) -> int:
    """Unregister."""
    reply = request("unregister", {"path": os.path.abspath(args.dir)})
    say(f"removed {text(reply, 'project')}")
    return 0
