"""A provider's server, and a client of ours that talks to it through the SDK."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from tests.support.provider import ProviderServer
from vexord.embed.remote import openai as openai_module
from vexord.embed.remote.client import Client
from vexord.embed.remote.openai import Dialect, OpenAIProvider
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Limits
from vexord.embed.remote.work import Request
from vexord.embed.seam import Fingerprint, Vectors

QUICK = Policy(
    minute_s=1.0,
    timeout_s=0.5,
    backoff_s=0.01,
    max_backoff_s=0.05,
    rest_s=0.02,
    refused_rest_s=0.02,
    max_rest_s=0.05,
    grace_s=2.0,
)
"""A minute of a second, and rests to match."""


class Kept:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.rows: dict[int, np.ndarray] = {}
        self.projects: dict[str, int] = {}
        self.aside: dict[int, tuple[str, str]] = {}
        self.parcels: list[int] = []
        self.broken = 0
        """Times that it refuses."""

    def keep(self, keys: Sequence[int], rows: Vectors, projects: Mapping[str, int]) -> None:
        if self.broken:
            self.broken -= 1
            raise OSError("no space left on device")
        assert not self.rows.keys() & set(keys), "a row came twice"
        self.parcels.append(len(keys))
        self.rows |= dict(zip(keys, rows, strict=True))
        for project, count in projects.items():
            self.projects[project] = self.projects.get(project, 0) + count

    def set_aside(self, key: int, name: str, reason: str) -> None:
        self.aside[key] = name, reason


def provider(
    server: ProviderServer,
    *,
    key: str = "sk-right",
    limits: Limits | None = None,
    dialect: Dialect | None = None,
) -> OpenAIProvider:
    fingerprint = Fingerprint(
        provider="openai", endpoint=server.url, model="m", dimensions=server.dimensions, chunker=1
    )
    return OpenAIProvider(openai_module.client(key, server.url), fingerprint, limits, dialect)


@asynccontextmanager
async def client(server: ProviderServer, kept: Kept, policy: Policy = QUICK, **options: Any) -> Any:
    running = Client(provider(server, **options), kept, policy)
    try:
        yield running
    finally:
        await running.close()


def requests(texts: Sequence[str]) -> list[Request]:
    return [Request(key=number, name=f"file.py:{number}", text=text) for number, text in enumerate(texts)]


async def until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.002)


def quick(**changes: Any) -> Policy:
    return replace(QUICK, **changes)
