"""An upgrade under a running daemon is told in `status`."""

import os

import pytest
from server_harness import Harness, running

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg


@pytest.mark.parametrize("change", ["replaced", "removed"])
def test_a_package_that_changed_on_disk_is_told(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    package = xdg.base / "package.py"
    package.write_text("old")
    monkeypatch.setattr("vexord.__file__", str(package))
    monkeypatch.setattr("vexord.server.app.IDLE_TICK_S", 0.02)
    with running(Harness()) as harness:
        assert harness.ask("status")["degraded"] == []
        if change == "removed":
            package.unlink()
        else:
            (xdg.base / "new.py").write_text("new")
            os.replace(xdg.base / "new.py", package)
        (told,) = wait_until(lambda: harness.ask("status")["degraded"])
        assert (told["name"], told["hint"]) == ("restart_advised", "run: vexorctl restart")
