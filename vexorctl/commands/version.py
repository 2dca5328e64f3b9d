"""`vexorctl version`: of the client, and of the daemon if one runs."""

import argparse

from vexor_protocol import PROTOCOL_VERSION

from vexorctl.errors import ClientError
from vexorctl.session import request
from vexorctl.values import number, text
from vexorctl.version import mismatch_note, own_version

HELP = "print the versions of the client and of the running daemon"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add no flags."""


def run(_args: argparse.Namespace) -> int:
    """Print them."""
    print(f"vexorctl {own_version()} (protocol {PROTOCOL_VERSION})", flush=True)
    try:
        hello = request("hello", {}, timeout_s=2.0, start=False)
    except ClientError as error:
        print(f"vexord: {error.message}")
        return 0
    span = f"protocol {number(hello, 'protocol_min')} to {number(hello, 'protocol')}"
    print(f"vexord {text(hello, 'version')} ({span}), process {number(hello, 'pid')}")
    mismatch_note(hello)
    return 0
