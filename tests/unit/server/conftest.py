"""The `harness` fixture: a running server in XDG folders of its own."""

from collections.abc import Iterator

import pytest
from server_harness import Harness, running

from tests.support.xdg import Xdg


@pytest.fixture
def harness(xdg: Xdg) -> Iterator[Harness]:
    with running(Harness()) as started:
        yield started
