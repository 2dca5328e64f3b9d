"""Runs part of a test in a process of its own, which something else started: with other rights or limits."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.xdg import Xdg

TIMEOUT_S = 100


def apart(body: Callable[[Xdg], None], *command: str) -> None:
    """Run a function of a test module below `command`, in folders of its own; what it raises fails us."""
    module = Path(sys.modules[body.__module__].__file__ or "")
    code = (
        f"from {module.stem} import {body.__name__} as body\n"
        "from tests.support.xdg import isolated_xdg\n"
        "with isolated_xdg() as xdg: body(xdg)\n"
    )
    path = [str(module.parent), str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [*command, sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
