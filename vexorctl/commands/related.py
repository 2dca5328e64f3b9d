"""`vexorctl related`: code like the code at a place."""

import argparse
import os
import re

from vexorctl import fast
from vexorctl.commands.search import add_options, query_of
from vexorctl.errors import ClientError
from vexorctl.query import MAX_LINE

HELP = "find code like that at a place"
EXAMPLES = """\
examples:
  vexorctl related src/server/socket.py:84     like the definition at line 84
  vexorctl related src/server/socket.py        like the file as a whole
  vexorctl related --all src/retry.go:12 -k 3  in all registered projects

What stands at the place itself is left out. It must be in a registered folder.
exit status: 0 hits, 1 none, 2 error
"""
_PLACES = (re.compile(r"(.+):(\d+):?", re.DOTALL), re.compile(r"(.+):(\d+):\d+:?", re.DOTALL))
"""Compilers and editors put a column behind the line."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("place", metavar="PATH[:LINE]", help="a file, or a line of it")
    add_options(parser)


def run(args: argparse.Namespace) -> int:
    """Search as the fast road does."""
    query = query_of(args)
    path, query.like_line = split_place(args.place)
    query.like_path = os.path.abspath(path)
    return fast.search(query)


def split_place(place: str) -> tuple[str, int]:
    """Return path and line, 0 if there is none. A file whose name ends like a line is found as well.

    Raises:
        ClientError: there is no such file, or no file has such a line.
    """
    if os.path.isfile(place):
        return place, 0
    for form in _PLACES:
        numbered = form.fullmatch(place)
        if numbered is not None and os.path.isfile(numbered[1]):
            line = int(numbered[2])
            if not 1 <= line <= MAX_LINE:
                raise ClientError(f"no file has a line {line}", "lines are counted from 1")
            return numbered[1], line
    raise ClientError(f"there is no file {place}", "name a file, or a line of it: PATH:LINE")
