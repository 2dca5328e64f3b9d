"""`vexorctl status`: the daemon, its indexer and the projects."""

import argparse
import json

from vexorctl.session import request

HELP = "show the daemon, its indexer and every project"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    status = request("status", {})
    if args.json:
        print(json.dumps(status))
        return 0
    from vexorctl.pages import print_status

    print_status(status, args.color)
    return 0
