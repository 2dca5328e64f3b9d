"""The two conformance runners as commands: Python and Node."""

import subprocess
import sys
from pathlib import Path

from tests.support.node import node_client

RUNNERS = ("python", "node")
TIMEOUT_S = 110


def run_vectors(runner: str, socket: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `runner` against the daemon at `socket`, return the finished process with its output.

    Fails the test, with the output so far, if it takes longer than 110 s.
    """
    if runner == "node":
        command = ["node", str(node_client() / "conformance.mjs")]
    else:
        command = [sys.executable, "-m", "vexor_protocol.conformance"]
    command += ["--socket", str(socket), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        output = (error.stdout or b"") + (error.stderr or b"")
        raise AssertionError(f"not done after {TIMEOUT_S} s:\n{output.decode(errors='replace')}") from None
