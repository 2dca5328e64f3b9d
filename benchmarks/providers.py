"""How much of a provider's rate limits is used, and how many requests are wasted: ours, and vexor's.

`python -m benchmarks.providers [--minute 4] [--minutes 4] [--peer /path/to/vexor]` against
`tests.support.provider`, over real HTTP, with a minute shortened to some seconds. Each run of ours lasts so
many minutes with more work than the limits allow. *Share* is what was answered of what the limits allow in
that time, of the resource that binds (tokens or requests). *Wasted* are requests without an answer.
"""

import argparse
import asyncio
import itertools
import os
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.provider import ProviderServer, provider_server, tokens_of
from tests.support.rates import Kind, RateModel
from vexord.embed.remote import openai
from vexord.embed.remote.client import Client
from vexord.embed.remote.openai import OpenAIProvider
from vexord.embed.remote.policy import Policy
from vexord.embed.remote.seam import Limits
from vexord.embed.remote.work import Request
from vexord.embed.seam import Fingerprint, Vectors

DIMENSIONS = 64
LATENCY_S = 0.03
TOKENS_A_MINUTE = 240_000
SHARE_FLOOR = 0.90
WASTE_CEILING = 0.05


@dataclass(frozen=True)
class Case:
    """A provider's way of counting."""

    name: str
    kind: Kind
    told: bool = True
    """Whether headers tell limits and how long to wait."""
    requests: float = 3000
    tokens: float = TOKENS_A_MINUTE
    burst: float = 1.0
    items: int = 2048
    """Texts in a request."""


CASES = (
    Case("bucket, headers", "bucket"),
    Case("bucket of 1/20 minute, headers", "bucket", burst=0.05),
    Case("sliding window, headers", "sliding"),
    Case("fixed window, headers", "fixed"),
    Case("bucket, told nothing", "bucket", told=False),
    Case("sliding window, told nothing", "sliding", told=False),
    Case("fixed window, told nothing", "fixed", told=False),
    Case("bucket, requests bind", "bucket", requests=300, tokens=4_000_000, items=10),
    Case(
        "bucket, requests bind, told nothing", "bucket", told=False, requests=300, tokens=4_000_000, items=10
    ),
)


class Forget:
    """A sink that keeps nothing: the server counts."""

    def keep(self, keys: Sequence[int], rows: Vectors, projects: Mapping[str, int]) -> None:
        del keys, rows, projects

    def set_aside(self, key: int, name: str, reason: str) -> None:
        del key
        raise AssertionError(f"{name}: {reason}")


def text(number: int) -> str:
    """Return a function of about a hundred tokens, unlike any other."""
    lines = [f"    total_{number} += weight_{number * 7 + line} * value[{line}]" for line in range(9)]
    return f"def function_{number}(value):\n" + "\n".join(lines)


def server_of(case: Case, minute_s: float) -> ProviderServer:
    server = ProviderServer(dimensions=DIMENSIONS)
    server.latency_s = LATENCY_S
    server.tell_rates = case.told
    server.rates = RateModel(
        case.kind, requests=case.requests, tokens=case.tokens, minute_s=minute_s, burst=case.burst
    )
    return server


def policy_of(minute_s: float) -> Policy:
    """Return the default policy with its times as much shorter as the minute."""
    scale = minute_s / 60
    return Policy(
        minute_s=minute_s,
        backoff_s=0.5 * scale,
        max_backoff_s=20 * scale,
        rest_s=5 * scale,
        refused_rest_s=30 * scale,
        max_rest_s=300 * scale,
    )


async def run_for(server: ProviderServer, case: Case, projects: int, seconds: float, minute_s: float) -> None:
    """Have a client ask for more than the limits allow, for so long."""
    fingerprint = Fingerprint(
        provider="openai", endpoint=server.url, model="m", dimensions=DIMENSIONS, chunker=1
    )
    provider = OpenAIProvider(openai.client("sk-right", server.url), fingerprint, Limits(items=case.items))
    client = Client(provider, Forget(), policy_of(minute_s))
    numbers = itertools.count()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for project in range(projects):
            if client.waiting() < 20_000:
                batch = [Request(key=n, name=str(n), text=text(n)) for n in itertools.islice(numbers, 500)]
                client.add(f"project {project}", batch)
        await asyncio.sleep(0.05)
    for project in range(projects):
        client.forget(f"project {project}")
    await client.close()


def ours(case: Case, projects: int, minutes: float, minute_s: float) -> tuple[float, float, str]:
    with provider_server(server_of(case, minute_s)) as server:
        assert server.rates is not None
        seconds = minutes * minute_s - 0.2
        server.rates.restart()
        asyncio.run(run_for(server, case, projects, seconds, minute_s))
        log, resources = server.log, server.rates.resources
        assert not log.repeated
        answered = log.statuses[200]
        share = max(
            log.tokens / resources["tokens"].allowed(seconds),
            answered / resources["requests"].allowed(seconds),
        )
        detail = f"{answered} of {log.requests} requests, {log.tokens:,} tokens, {dict(log.statuses)}"
        return share, 1 - answered / log.requests, detail


async def finish(server: ProviderServer, minute_s: float, texts: int) -> None:
    """Embed so many texts, to the end."""
    fingerprint = Fingerprint(
        provider="openai", endpoint=server.url, model="m", dimensions=DIMENSIONS, chunker=1
    )
    provider = OpenAIProvider(openai.client("sk-right", server.url), fingerprint)
    client = Client(provider, Forget(), policy_of(minute_s))
    client.add("p", [Request(key=number, name=str(number), text=text(number)) for number in range(texts)])
    while client.waiting():
        await asyncio.sleep(0.01)
    await client.close()


def texts_of(tokens: float) -> int:
    """Return how many texts have so many tokens."""
    texts = 0
    while tokens > 0:
        tokens -= tokens_of(text(texts))
        texts += 1
    return texts


def one_job(case: Case, minutes: float, minute_s: float) -> str:
    """Embed as many tokens as `peer` does; say how it went."""
    with provider_server(server_of(case, minute_s)) as server:
        assert server.rates is not None
        texts = texts_of(case.tokens * minutes)
        server.rates.restart()
        began = time.monotonic()
        asyncio.run(finish(server, minute_s, texts))
        took, log = time.monotonic() - began, server.log
        wasted = 1 - log.statuses[200] / log.requests
        return (
            f"done after {took:.0f} s ({took / minute_s:.1f} minutes); {log.statuses[200]} of {log.requests} "
            f"requests answered, wasted {wasted:.0%}; {sum(log.answered.values())} texts paid for and kept"
        )


def peer(command: str, case: Case, minutes: float, minute_s: float) -> str:
    """Have vexor index a tree of as many tokens as the limits allow in so many minutes; say how it went."""
    with tempfile.TemporaryDirectory() as base, provider_server(server_of(case, minute_s)) as server:
        tree, home = Path(base, "tree"), Path(base, "home")
        tree.mkdir()
        home.mkdir()
        texts = texts_of(case.tokens * minutes)
        for number in range(texts):
            Path(tree, f"module_{number}.py").write_text(text(number))
        env = {**os.environ, "HOME": str(home), "NO_COLOR": "1", "VEXOR_NO_UPDATE_CHECK": "1"}
        settings = ("--set-provider", "custom", "--set-model", "m", "--set-base-url", server.url)
        subprocess.run(
            [command, "config", *settings, "--set-api-key", "sk-right"],
            env=env,
            check=True,
            capture_output=True,
        )
        assert server.rates is not None
        server.rates.restart()
        began = time.monotonic()
        done = subprocess.run(
            [command, "index", "--path", str(tree)], env=env, check=False, capture_output=True, timeout=600
        )
        took = time.monotonic() - began
        log = server.log
        kept = _embeddings(home / ".vexor" / "index.db")
        answered = log.statuses[200]
        wasted = 1 - answered / max(1, log.requests)
        return (
            f"exit {done.returncode} after {took:.0f} s ({took / minute_s:.1f} minutes); {answered} of "
            f"{log.requests} requests answered, wasted {wasted:.0%}; {sum(log.answered.values())} texts of "
            f"{texts} paid for, {kept} kept; {dict(log.statuses)}"
        )


def _embeddings(path: Path) -> int:
    if not path.exists():
        return 0
    with sqlite3.connect(path) as database:
        try:
            return int(database.execute("select count(*) from embedding_cache").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minute", type=float, default=4.0, metavar="S", help="what a minute lasts")
    parser.add_argument("--minutes", type=float, default=4.0, help="how many each run lasts")
    parser.add_argument("--projects", type=int, nargs="*", default=[1, 3])
    parser.add_argument("--only", default="", help="cases whose names contain this")
    parser.add_argument("--peer", metavar="VEXOR", help="vexor's command: run it too")
    options = parser.parse_args()
    for case in CASES:
        if options.only not in case.name:
            continue
        for projects in options.projects:
            share, wasted, detail = ours(case, projects, options.minutes, options.minute)
            verdict = "ok" if share >= SHARE_FLOOR and wasted <= WASTE_CEILING else "MISSED"
            figures = f"{projects} projects  share {share:4.0%}  wasted {wasted:5.1%}  {verdict:6}"
            print(f"{case.name:38} {figures}  ({detail})", flush=True)
        if options.peer:
            ended = one_job(case, options.minutes, options.minute)
            print(f"{case.name:38} one job: {ended}", flush=True)
            ended = peer(options.peer, case, options.minutes, options.minute)
            print(f"{case.name:38} vexor:   {ended}", flush=True)


if __name__ == "__main__":
    main()
