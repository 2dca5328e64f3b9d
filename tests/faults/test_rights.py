"""What an ordinary user may not read. Root does without the capabilities that let it read everything."""

import os
import sys
from pathlib import Path

import pytest

from tests.support.apart import apart
from tests.support.asking import finds
from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="setpriv")


def skipped(daemon: Daemon) -> dict[str, list[str]]:
    project = daemon.request("status")["projects"][0]
    return {entry["reason"]: entry["examples"] for entry in project["skipped"]}


def scan(daemon: Daemon, root: Path) -> None:
    daemon.request("reindex", {"path": str(root)})
    assert daemon.request("wait", {"path": str(root), "timeout_ms": 10_000}, 15)["reached"]


def body(xdg: Xdg) -> None:
    """Run by a process to which rights mean something."""
    root = make_tree(
        xdg.home / "p",
        {"plain.py": "plain_marker = 1\n", "shut.py": "shut_marker = 1\n", "dir/in.py": "inner_marker = 1\n"},
    )
    (root / "shut.py").chmod(0)
    (root / "dir").chmod(0)
    assert not os.access(root / "shut.py", os.R_OK, effective_ids=True)
    daemon = Daemon(xdg)
    try:
        daemon.add(root)
        assert finds(daemon, root, "plain_marker") == ["plain.py"]
        assert skipped(daemon) == {"unreadable": ["shut.py"], "unreadable_folder": ["dir"]}
        assert daemon.search("shut.py", path=str(root))["results"][0]["hits"][0]["path"] == "shut.py"
        daemon.stop()
        daemon = Daemon(xdg)  # also by one that finds nothing changed
        assert finds(daemon, root, "plain_marker") == ["plain.py"]
        wait_until(lambda: len(skipped(daemon)) == 2, what="what is skipped")
        (root / "shut.py").chmod(0o600)
        (root / "dir").chmod(0o700)
        scan(daemon, root)  # a change of rights alone raises no event
        assert finds(daemon, root, "shut_marker") == ["shut.py"]
        assert finds(daemon, root, "inner_marker") == ["dir/in.py"]
        assert skipped(daemon) == {}
        (root / "dir/in.py").write_text("watched_marker = 1\n")
        assert finds(daemon, root, "watched_marker") == ["dir/in.py"]
        root.chmod(0)
        reply = daemon.search("plain_marker", path=str(root))
        assert reply["results"][0]["hits"] == []
        root.chmod(0o700)
        scan(daemon, root)
        assert finds(daemon, root, "plain_marker") == ["plain.py"]
    finally:
        (root / "dir").chmod(0o700)
        daemon.stop()


def test_what_may_not_be_read_is_told_and_is_found_when_it_may() -> None:
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    apart(body, *without)
