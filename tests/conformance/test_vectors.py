"""The real daemon keeps the published contract, as told by clients in two languages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from vexor_protocol.conformance import DEFAULT_VECTORS

from tests.conformance.runners import RUNNERS, run_vectors
from tests.support.daemon import Daemon


@pytest.mark.parametrize("runner", RUNNERS)
def test_every_vector_passes(runner: str, daemon: Callable[..., Daemon]) -> None:
    vexord = daemon()
    count = len(list(Path(DEFAULT_VECTORS).glob("*.json")))
    result = run_vectors(runner, vexord.socket)
    assert result.stdout.splitlines()[-1:] == [f"{count} passed, 0 failed"], (
        f"{result.stdout}\n{result.stderr}\n{vexord.output()}"
    )
    assert result.returncode == 0
    assert vexord.request("projects")["projects"] == []
