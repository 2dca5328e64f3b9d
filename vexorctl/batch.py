"""Many queries from a file, as few requests as the protocol allows: `vexorctl search --batch FILE`."""

import json
import os
import sys
from collections.abc import Iterator

from vexorctl import fast
from vexorctl.errors import ClientError
from vexorctl.query import Query, request

MAX_QUERIES = 100
"""Of one request, as the protocol has it; a test compares."""
MAX_BYTES = 900_000
"""Of the queries of one request; a frame has at most 1 MiB."""


def read_queries(source: str) -> list[str]:
    """Return the lines of a file, or of standard input for `-`, less blank ones.

    Raises:
        ClientError: it cannot be read, or there is no query in it.
    """
    try:
        if source == "-":
            data = sys.stdin.buffer.read()
        else:
            with open(source, "rb") as file:
                data = file.read()
    except OSError as error:
        raise ClientError(
            f"cannot read {source}: {error.strerror}",
            "give a file with one query a line, or - for standard input",
        ) from None
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    queries = [line.strip() for line in lines if line.strip()]
    if not queries:
        raise ClientError(f"no query in {source}", "write one query a line")
    return queries


def search_batch(query: Query, texts: list[str]) -> int:
    """Ask all texts as `query` says, write the answers in their order, return the exit status.

    Raises:
        ClientError: there is no answer.
        BrokenPipeError: nobody reads the output any more.
    """
    found = False
    for portion in portions(texts):
        query.batch = portion
        try:
            frame = request(query)
        except FileNotFoundError:
            raise ClientError("the working folder does not exist any more", "cd to one that does") from None
        between = "\n" if found and query.format == "text" else ""
        found |= fast.show(fast.ask(frame, query), between)
    if not found and os.isatty(2):
        fast.tell("no hits")
    return fast.EXIT_HITS if found else fast.EXIT_NONE


def portions(texts: list[str]) -> Iterator[list[str]]:
    """Yield the texts in requests of like size: one query alone would be shown without its heading."""
    if len(texts) > 1 and (len(texts) > MAX_QUERIES or sum(map(_size, texts)) > MAX_BYTES):
        middle = len(texts) // 2
        yield from portions(texts[:middle])
        yield from portions(texts[middle:])
    else:
        yield texts


def _size(text: str) -> int:
    return len(json.dumps(text))
