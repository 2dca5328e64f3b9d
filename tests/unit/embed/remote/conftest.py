from collections.abc import Iterator

import pytest

from tests.support.provider import ProviderServer, provider_server


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    """A provider with vectors of eight dimensions and no limits."""
    with provider_server() as running:
        yield running
