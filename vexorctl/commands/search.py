"""`vexorctl search`: the options as argparse knows them, for help and mistakes; `fast` does the search."""

import argparse

from vexorctl import batch, fast
from vexorctl.errors import ClientError
from vexorctl.query import FORMATS, FRESH_MS, MAX_MS, MAX_TOP, MAX_WIDTH, MIN_WIDTH, Query

HELP = "search the project of this folder, or another one"
EXAMPLES = """\
examples:
  vexorctl search where do we bind the socket
  vexorctl search TokenBucket -k 3 -l python,go -g 'src/**'
  vexorctl search --path ~/src/linux page reclaim
  vexorctl search --all --json retry with backoff
  vexorctl '"connection reset" retry -test lang:go'
  vexorctl search --batch questions.txt --json
  vexorctl search -- --a-query-that-begins-with-a-dash

operators, as words of their own anywhere in QUERY:
  "exact text"         in the hit's text; capitals count if it has any
  /regex/ /regex/i     RE2; needs a special character, or write re:regex
  path:GLOB file:GLOB  in the path; without wildcards anywhere in it
  lang:NAME kind:NAME  several: lang:go,rust
  -word -"text" -/re/ -path:GLOB -lang:NAME -kind:NAME   not these
The other words rank the hits; without any, hits come in order of path.
Quote QUERY for the shell, as above.

A folder that is not registered is registered by its first search (its git root, if it has one).
exit status: 0 hits, 1 none, 2 error
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags; `query.parse` knows the same."""
    parser.add_argument("query", nargs="*", metavar="QUERY", help="words, a name, or a sentence")
    what = add_options(parser)
    what.add_argument(
        "--batch", default="", metavar="FILE", help="ask every line of FILE (- is standard input) at once"
    )
    plain = what.add_mutually_exclusive_group()
    for flags, value, text in (
        (("-F", "--literal"), "literal", "find QUERY exactly as it stands"),
        (("--text",), "text", "no operators: QUERY is words"),
    ):
        plain.add_argument(
            *flags, dest="syntax", action="store_const", const=value, default="operators", help=text
        )


def add_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the flags that say where and how to search; return the group of those that say what."""
    where = parser.add_argument_group("where").add_mutually_exclusive_group()
    where.add_argument("-p", "--path", default="", metavar="DIR", help="search below DIR (default: here)")
    where.add_argument("--all", action="store_true", help="search all registered projects")
    what = parser.add_argument_group("what")
    what.add_argument(
        "-k", "--top", type=_number(1, MAX_TOP), default=10, metavar="N", help="hits at most (10)"
    )
    what.add_argument(
        "-l",
        "--lang",
        action="append",
        default=[],
        metavar="L",
        help="only this language; repeat or use commas",
    )
    what.add_argument(
        "--kind",
        action="append",
        default=[],
        metavar="K",
        help="only this kind, e.g. function, class, section",
    )
    what.add_argument(
        "-g", "--include", action="append", default=[], metavar="GLOB", help="only paths that match"
    )
    what.add_argument("--exclude", action="append", default=[], metavar="GLOB", help="no paths that match")
    _configure_answer(parser)
    return what


def _configure_answer(parser: argparse.ArgumentParser) -> None:
    answer = parser.add_argument_group("answer")
    form = answer.add_mutually_exclusive_group()
    for flag, text in (
        ("json", "one JSON object a line"),
        ("porcelain", "tab-separated columns"),
        ("porcelain-z", "the same, each row ended by NUL"),
    ):
        form.add_argument(
            f"--{flag}", dest="format", action="store_const", const="jsonl" if flag == "json" else flag,
            default="text", help=text,
        )  # fmt: skip
    form.add_argument(
        "--format",
        type=_format,
        metavar="F",
        help=f"{', '.join(FORMATS)}: the last three are vexor's",
    )
    fresh = answer.add_mutually_exclusive_group()
    fresh.add_argument(
        "--fresh", type=_number(0, MAX_MS), default=FRESH_MS, metavar="MS", dest="fresh_ms",
        help=f"wait so long for proof that every saved file is in the answer ({FRESH_MS})",
    )  # fmt: skip
    fresh.add_argument("--no-fresh", dest="fresh_ms", action="store_const", const=0, help="ask for no proof")
    answer.add_argument("--explain", action="store_true", help="show what made up each hit's score")
    answer.add_argument(
        "--no-cache", action="store_true", help="embed QUERY anew, as if it had never been asked"
    )
    answer.add_argument(
        "--width", type=_number(MIN_WIDTH, MAX_WIDTH), default=0, metavar="N", help="columns (the terminal's)"
    )


def run(args: argparse.Namespace) -> int:
    """Search as the fast road does."""
    query = query_of(args)
    query.words, query.syntax = " ".join(args.query), args.syntax
    if args.batch:
        if args.query:
            raise ClientError("both QUERY and --batch are given", "give one of them")
        return batch.search_batch(query, batch.read_queries(args.batch))
    if not args.query:
        raise ClientError("QUERY is missing", "say what you look for: vexorctl search WORDS")
    if not query.words.strip():
        raise ClientError("the query is empty", "say what you look for: vexorctl search WORDS")
    return fast.search(query)


def query_of(args: argparse.Namespace) -> Query:
    """Return the search that the options of `add_options` describe, without its subject."""
    query = Query()
    query.path, query.everywhere, query.top, query.format = args.path, args.all, args.top, args.format
    query.fresh_ms, query.width, query.color = args.fresh_ms, args.width, args.color
    query.languages, query.kinds = _split(args.lang), _split(args.kind)
    query.include, query.exclude = args.include, args.exclude
    query.spawn, query.explain, query.no_cache = not args.no_spawn, args.explain, args.no_cache
    return query


def _split(values: list[str]) -> list[str]:
    return [part for value in values for part in value.split(",") if part]


def _format(text: str) -> str:
    if text not in FORMATS:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(FORMATS)}")
    return FORMATS[text]


class _number:  # noqa: N801 - argparse shows it as a type
    def __init__(self, low: int, high: int) -> None:
        self._low, self._high = low, high

    def __call__(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and self._low <= int(text) <= self._high):
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {self._low} to {self._high}")
        return int(text)
