"""`vexorctl add`: register a folder, and with `--wait` see it indexed."""

import argparse
import os
import sys

from vexor_protocol.settings import MODES

from vexorctl.paying import settle
from vexorctl.session import request
from vexorctl.values import JsonObject, member, members, number, say, text
from vexorctl.waiting import MAX_TIMEOUT_S, wait_until_fresh

HELP = "register a folder: index it now and keep the index fresh"
EXAMPLES = """\
examples:
  vexorctl add                     this folder
  vexorctl add ~/src/linux --wait  and wait until all of it can be searched
  vexorctl add --yes               and agree to what a provider's embeddings of it cost
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("dir", nargs="?", default=".", metavar="DIR", help="the folder (default: this one)")
    parser.add_argument("--wait", action="store_true", help="return when it is indexed")
    parser.add_argument("--name", metavar="NAME", help="a short name, instead of the folder's own")
    parser.add_argument("--force", action="store_true", help="allow / and the home folder")
    parser.add_argument("--mode", choices=MODES, help="how much of each file is indexed (default: all of it)")
    parser.add_argument("--in-project", action="store_true", help="keep the index in DIR/.vexord/")
    parser.add_argument("--yes", action="store_true", help="agree to what a provider's embeddings cost")


def run(args: argparse.Namespace) -> int:
    """Register; return 1 if the wait ended too early."""
    params: JsonObject = {
        "path": os.path.abspath(args.dir), "force": args.force, "index_in_project": args.in_project,
    }  # fmt: skip
    for name in ("name", "mode"):
        if getattr(args, name):
            params[name] = getattr(args, name)
    reply = request("register", params)
    root = text(reply, "project")
    if reply.get("created"):
        say(f"registered {root}")
    elif text(reply, "covered_by"):
        say(f"{params['path']} is part of {root}, which is registered")
    else:
        say(f"{root} is registered already")
    if provider := text(reply, "provider"):
        if args.yes:
            request("register", {"path": root, "consent": provider})
        settle(provider, root)
    if not args.wait:
        if reply.get("created") and not provider:  # else `settle` has waited for it
            say(f"it is being indexed; wait for that with: vexorctl wait {root}")
        return 0
    sys.stdout.flush()
    if not wait_until_fresh(root, MAX_TIMEOUT_S):
        return 1
    _report(root)
    return 0


def _report(root: str) -> None:
    projects = members(request("projects", {}), "projects")
    project = next((entry for entry in projects if text(entry, "project") == root), {})
    files, chunks = number(project, "files"), number(project, "chunks")
    say(f"indexed {files:,} files, {chunks:,} chunks")
    reasons = members(project, "degraded")
    if not files and not reasons:
        reasons = [
            member({"reason": {"message": "no file was indexed", "hint": "vexorctl doctor"}}, "reason")
        ]
    for reason in reasons:
        hint = text(reason, "hint")
        say(f"vexorctl: {text(reason, 'message')}" + (f"\n  hint: {hint}" if hint else ""), error=True)
