"""The version of this installation, and what to say about a daemon of another one."""

import sys
from importlib.metadata import PackageNotFoundError, version

from vexorctl.values import JsonObject, text

DISTRIBUTION = "vexord"


def own_version() -> str:
    """Return the installed version; `unknown` for a bare checkout."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def mismatch_note(hello: JsonObject) -> None:
    """Say on standard error if the daemon is of another version. It is never restarted unasked."""
    theirs, own = text(hello, "version"), own_version()
    if theirs and own not in (theirs, "unknown"):
        print(f"vexorctl: the daemon is version {theirs}, vexorctl is {own}", file=sys.stderr)
        print("  hint: vexorctl restart", file=sys.stderr)
