"""`vexorctl list`: the registered projects."""

import argparse
import json

from vexorctl.session import request
from vexorctl.values import cleaned, members

HELP = "list the registered projects"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print them, in order of registration."""
    projects = members(request("projects", {}), "projects")
    if args.json:
        for project in projects:
            print(json.dumps(project))
    elif not projects:
        print("no projects; the first search in a folder registers it, or: vexorctl add DIR")
    else:
        from vexorctl.pages import print_projects

        shown = cleaned(projects)
        print_projects(shown if isinstance(shown, list) else [], args.color)
    return 0
