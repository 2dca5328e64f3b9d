"""`vexorctl doctor`: what could go wrong, one line each, with the mend."""

import argparse
import dataclasses
import json
import os
import sys

from vexorctl.checks import examine
from vexorctl.findings import Finding
from vexorctl.session import request
from vexorctl.values import clean

HELP = "look for trouble and name the mend"
_EXIT = {"ok": 0, "warn": 1, "fail": 2}
_COLOURS = {"ok": "32", "warn": "33", "fail": "31"}
_ASK_TIMEOUT_S = 3.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the report; return 0 if all is well, 1 for warnings, 2 for failures."""
    findings = examine(lambda method: request(method, {}, _ASK_TIMEOUT_S, start=False))
    worst = max((finding.level for finding in findings), key=lambda level: _EXIT[level])
    if args.json:
        print(json.dumps({"level": worst, "findings": [dataclasses.asdict(finding) for finding in findings]}))
    else:
        _print(findings, colour=_wants_colour(args))
    return _EXIT[worst]


def _print(findings: list[Finding], colour: bool) -> None:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        level = f"{finding.level:<4}"
        if colour:
            level = f"\x1b[{_COLOURS[finding.level]}m{level}\x1b[0m"
        print(f"{level}  {finding.check:<{width}}  {clean(finding.message)}")
        if finding.mend:
            print(f"      {'':<{width}}  mend: {clean(finding.mend)}")


def _wants_colour(args: argparse.Namespace) -> bool:
    choice = getattr(args, "color", None) or "auto"
    if choice != "auto":
        return bool(choice == "always")
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
