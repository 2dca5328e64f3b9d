"""What a provider would cost for a folder, and whether the user agrees to it."""

import sys
import time

from vexorctl.errors import ClientError
from vexorctl.session import request
from vexorctl.values import JsonObject, member, members, number, say, seconds, text
from vexorctl.waiting import MAX_TIMEOUT_S, wait_until_fresh

_KNOWN_AFTER_S = 15.0
"""The daemon compares an indexed folder with what is embedded already; that takes a moment."""
_LOOK_S = 0.1


def settle(provider: str, root: str) -> None:
    """Say what it costs that a provider embeds a registered folder, and ask if that is much.

    Raises:
        ClientError: it is much, and there is nobody to ask.
    """
    sys.stdout.flush()
    if not wait_until_fresh(root, MAX_TIMEOUT_S):
        return
    second = _second(root)
    estimate = member(second, "estimate")
    if not estimate:
        say(f"{provider}: {number(second, 'rows'):,} of {number(second, 'total'):,} chunks are embedded")
        return
    say(f"{provider}: {describe(estimate)} to be embedded")
    if not second.get("awaiting_consent"):
        return
    if not sys.stdin.isatty():
        raise ClientError(
            "nothing is sent to the provider before you agree to the cost; words and the local model answer",
            f"to agree: vexorctl add --yes {root}",
        )
    if input("have the provider embed them? [y/N] ").strip().lower() not in ("y", "yes"):
        say(f"nothing is sent; words and the local model answer. To agree later: vexorctl add --yes {root}")
        return
    request("register", {"path": root, "consent": provider})


def describe(estimate: JsonObject) -> str:
    """Return chunks, tokens and price for a person."""
    size = f"{number(estimate, 'chunks'):,} chunks, about {number(estimate, 'tokens'):,} tokens"
    usd = seconds(estimate, "usd")
    if usd is None:
        return f"{size}, price unknown"
    return f"{size}, about ${usd:,.2f} (list price of {text(estimate, 'prices_of')})" if usd else size


def _second(root: str) -> JsonObject:
    """Return how far the second model is with a project, once the daemon knows what is lacking."""
    until = time.monotonic() + _KNOWN_AFTER_S
    while True:
        projects = members(request("projects", {}), "projects")
        project = next((entry for entry in projects if text(entry, "project") == root), {})
        second = member(project, "second")
        known = second.get("estimate") or number(second, "rows") == number(second, "total")
        if (second and known) or time.monotonic() > until:
            return second
        time.sleep(_LOOK_S)
