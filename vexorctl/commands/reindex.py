"""`vexorctl reindex`: compare a project with its index again."""

import argparse
import os

from vexorctl.session import request
from vexorctl.values import say, text
from vexorctl.waiting import MAX_TIMEOUT_S, wait_until_fresh

HELP = "compare a project with its index again, or build the index anew"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "dir", nargs="?", default=".", metavar="DIR", help="a folder in it (default: this one)"
    )
    parser.add_argument("--full", action="store_true", help="embed every file anew, beside the old index")
    parser.add_argument("--wait", action="store_true", help="return when it is done")


def run(args: argparse.Namespace) -> int:
    """Ask for it; searches go on meanwhile."""
    reply = request("reindex", {"path": os.path.abspath(args.dir), "full": args.full})
    root = text(reply, "project")
    say(f"indexing {root} {'anew' if args.full else 'again'}")
    return 0 if not args.wait or wait_until_fresh(root, MAX_TIMEOUT_S) else 1
