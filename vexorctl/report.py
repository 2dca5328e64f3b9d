"""The last word on an error that nobody expected: one line, never a traceback, unless it is asked for."""

import os
import sys
import traceback

EXIT_ERROR = 2


def internal_error(error: BaseException) -> int:
    """Say on standard error what happened; return the exit status. Shows all with VEXORCTL_DEBUG=1."""
    if os.environ.get("VEXORCTL_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)
    print(f"vexorctl: internal error: {type(error).__name__}: {error}", file=sys.stderr)
    print("  hint: vexorctl doctor; VEXORCTL_DEBUG=1 shows where it happened", file=sys.stderr)
    return EXIT_ERROR
