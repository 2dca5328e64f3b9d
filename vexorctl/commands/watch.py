"""`vexorctl watch`: follow what the daemon does."""

import argparse
import json
import os
import time

from vexorctl.session import stream
from vexorctl.values import JsonObject, member, members, number, plural, say, text, texts

HELP = "follow what the daemon does, until interrupted"
_PATHS_SHOWN = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "dir", nargs="?", metavar="DIR", help="a folder in a project (default: every project)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """Print each event as it comes."""
    params: JsonObject = {"path": os.path.abspath(args.dir)} if args.dir else {}
    events = stream("subscribe", params)
    subscribed = next(events)
    if not args.json:
        folders = plural(len(texts(subscribed, "projects")), "folder")
        say(f"following {folders}; Ctrl-C ends it")
    for event in events:
        if args.json:
            print(json.dumps(event), flush=True)
        else:
            say(f"{time.strftime('%H:%M:%S')}  {describe(event)}")
    return 0


def describe(event: JsonObject) -> str:
    """Return one event as a line for a person."""
    kind, project = text(event, "event"), text(event, "project") or "daemon"
    if kind == "published":
        changed, removed = texts(event, "changed"), texts(event, "removed")
        shown = [*changed, *(f"-{path}" for path in removed)]
        more = f" and {len(shown) - _PATHS_SHOWN} more" if len(shown) > _PATHS_SHOWN else ""
        what = f"generation {number(event, 'generation')}  {' '.join(shown[:_PATHS_SHOWN])}{more}"
    elif kind == "progress":
        progress = member(event, "progress")
        done, total = number(progress, "files_done"), number(progress, "files_total")
        what = f"{text(progress, 'phase')} {done:,}/{total:,} files"
    elif kind == "degraded":
        what = "; ".join(text(reason, "message") for reason in members(event, "degraded")) or "well again"
    elif kind == "overrun":
        what = "events were lost: this terminal was too slow"
    else:
        what = text(event, "state") or kind
    return f"{project}  {what}".rstrip()
