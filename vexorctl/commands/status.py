"""`vexorctl status`: whether all is well, what is wrong and its mend, every project."""

import argparse
import json

from vexorctl.session import request
from vexorctl.values import cleaned, members

HELP = "show whether all is well, every project, and what is wrong with its mend"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="all figures: processes, queue, provider"
    )
    parser.add_argument(
        "--held-back", action="store_true", help="list what is not sent to a provider: it looks like a secret"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    status = request("status", {"held_back": True} if args.held_back else {})
    if args.json:
        print(json.dumps(status))
        return 0
    from vexorctl.status_page import print_held_back, print_status

    page = {key: cleaned(value) for key, value in status.items()}
    if args.held_back:
        print_held_back(members(page, "projects"))
    else:
        print_status(page, args.color, verbose=args.verbose)
    return 0
