"""`vexorctl logs`: the end of the daemon's log, and what comes after it."""

import argparse
import os
import sys
import time
from collections import deque
from typing import BinaryIO

from vexorctl.errors import ClientError
from vexorctl.folders import log_file
from vexorctl.managers import manager

HELP = "show the daemon's log"
_LOOK_S = 0.25
_COPY_BYTES = 1 << 16


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("-f", "--follow", action="store_true", help="go on printing what is added")
    parser.add_argument(
        "-n", "--lines", type=int, default=50, metavar="N", help="begin N lines before the end"
    )


def run(args: argparse.Namespace) -> int:
    """Print the log file, or name the command that shows the journal if systemd runs the daemon."""
    state = manager().state()
    if state.manager == "systemd" and state.active:
        follow = " -f" if args.follow else ""
        print("the daemon runs under systemd and logs to the journal; run:", file=sys.stderr)
        print(f"journalctl --user -u vexord -n {args.lines}{follow}")
        return 0
    path = log_file()
    try:
        with open(path, "rb") as file:
            sys.stdout.buffer.writelines(deque(file, maxlen=max(0, args.lines)))
            sys.stdout.buffer.flush()
            if args.follow:
                follow_from(file, path, sys.stdout.buffer)
    except FileNotFoundError:
        raise ClientError(f"there is no log at {path}", "start the daemon with: vexorctl start") from None
    except OSError as error:
        raise ClientError(f"cannot read {path}: {error.strerror}", "mend its rights") from None
    except KeyboardInterrupt:
        return 0
    return 0


def follow_from(file: BinaryIO, path: str, out: BinaryIO) -> None:
    """Copy what is added, through rotations, until interrupted."""
    opened: BinaryIO | None = None
    try:
        while True:
            current = opened or file
            while data := current.read(_COPY_BYTES):
                out.write(data)
                out.flush()
            if _rotated(current, path):
                successor = open(path, "rb")  # noqa: SIM115 - closed below or when it is rotated itself
                while data := current.read(_COPY_BYTES):  # written between the last look and the rotation
                    out.write(data)
                if opened is not None:
                    opened.close()
                opened = successor
            else:
                time.sleep(_LOOK_S)
    finally:
        if opened is not None:
            opened.close()


def _rotated(file: BinaryIO, path: str) -> bool:
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    here = os.fstat(file.fileno())
    return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
