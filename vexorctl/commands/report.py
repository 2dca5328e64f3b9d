"""`vexorctl report`: one file with what a bug report needs, and nothing of the user's; nothing is sent."""

import argparse
import os
import sys
import time

from vexorctl.errors import ClientError
from vexorctl.session import request

HELP = "write what a bug report needs to a file, without names or contents of yours"
EXAMPLES = """\
The file holds versions, settings, doctor's findings, figures, sizes, and the end of the log. Paths
are replaced by pseudonyms, words that are not vexord's own by ~; no text, query or key is in it.
Nothing is sent: look through the file, then attach it where you report.
"""
_ASK_TIMEOUT_S = 3.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("-o", "--output", metavar="FILE", help="write there; - is standard output")


def run(args: argparse.Namespace) -> int:
    """Gather and write it; works with the daemon up, down or hung."""
    from vexorctl.bug_report import gather

    sections = gather(lambda method: request(method, {}, _ASK_TIMEOUT_S, start=False))
    title = f"vexord report of {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n"
    content = title + "".join(
        f"\n== {section.title}\n" + "".join(f"{line}\n" for line in section.lines) for section in sections
    )
    if args.output == "-":
        sys.stdout.write(content)
        return 0
    path = args.output or f"vexord-report-{time.strftime('%Y%m%dT%H%M%S')}.txt"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(content)
    except OSError as error:
        raise ClientError(
            f"cannot write {path}: {error.strerror}", "give another place: --output FILE"
        ) from None
    print(f"wrote {path} ({len(content.encode()):,} bytes):")
    for section in sections:
        print(f"  {section.title}: {len(section.lines):,} lines")
    print("Nothing was sent. Look through it, then attach it to your report.")
    return 0
