"""The example clients of the specification work as they are printed."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vexor_protocol.conformance import DEFAULT_VECTORS

from tests.support.daemon import Daemon
from tests.support.node import node_client
from tests.support.trees import make_tree
from tests.support.xdg import Xdg

README = DEFAULT_VECTORS.parent / "README.md"
SOURCE = {"app.py": "def verify_password(given):\n    return given == 'x'\n"}


def printed(language: str) -> str:
    block = re.search(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert block is not None
    return block[1]


def client_command(name: str, folder: Path) -> list[str]:
    """Return the command that searches, the query left out; `folder` is for files that it needs."""
    if name == "python in the specification":
        return [sys.executable, "-c", printed("python")]
    if name == "node client":
        return ["node", str(node_client() / "client.mjs")]
    script = folder / "client.mjs"
    script.write_text(printed("js"))
    (folder / "node_modules").symlink_to(node_client() / "node_modules")
    return ["node", str(script)]


@pytest.mark.parametrize("name", ["python in the specification", "node in the specification", "node client"])
def test_it_finds_what_was_asked_for_in_a_new_folder(
    name: str, daemon: Callable[..., Daemon], xdg: Xdg, tmp_path: Path
) -> None:
    vexord = daemon()
    shop = make_tree(xdg.home / "shop", SOURCE)
    command = [*client_command(name, tmp_path), "verify_password"]
    run = subprocess.run(
        command, cwd=shop, env=vexord.env, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    assert re.match(r"app\.py:1\s.*verify_password", run.stdout), run.stdout + run.stderr


def test_the_node_client_says_so_when_no_daemon_runs(xdg: Xdg) -> None:
    command = ["node", str(node_client() / "client.mjs"), "query"]
    run = subprocess.run(
        command, cwd=xdg.home, env=xdg.env, capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.returncode, run.stderr) == (2, "vexord is not running; start it: vexorctl start\n")
