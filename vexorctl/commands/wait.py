"""`vexorctl wait`: until everything that was saved can be searched."""

import argparse
import os

from vexorctl.waiting import MAX_TIMEOUT_S, wait_until_fresh

HELP = "wait until every saved file can be searched"
EXAMPLES = """\
exit status: 0 reached, 1 not reached in time or the project is degraded, 2 error
"""
_DEFAULT_TIMEOUT_S = 600.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "dir", nargs="?", metavar="DIR", help="a folder in a project (default: every project)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=_DEFAULT_TIMEOUT_S, metavar="SECONDS", help="give up then (600)"
    )


def run(args: argparse.Namespace) -> int:
    """Wait."""
    path = os.path.abspath(args.dir) if args.dir else None
    return 0 if wait_until_fresh(path, args.timeout) else 1


def _seconds(value: str) -> float:
    number = float(value)
    if not 0 <= number <= MAX_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"{value!r} is not a number from 0 to {MAX_TIMEOUT_S:.0f}")
    return number
