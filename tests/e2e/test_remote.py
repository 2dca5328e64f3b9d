"""A provider at work behind a real daemon: real HTTP, the real SDK, and a server that counts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.provider import ProviderServer, provider_server
from tests.support.trees import make_tree
from tests.support.waiting import wait_until

StartDaemon = Callable[..., Daemon]
WORDS = ("socket", "cart", "invoice", "planet", "thread", "garden", "orbit", "violin", "ledger", "harbour")
CODE = "def {0}_{1}(value):\n    '''Give the {0} of {1}.'''\n    return value\n"
CHUNKS = len(WORDS) ** 2


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider_server() as running:
        yield running


def chosen(server: ProviderServer, **variables: str) -> dict[str, str]:
    return {
        "VEXORD_PROVIDER": "openai",
        "VEXORD_BASE_URL": server.url,
        "VEXORD_DIMENSIONS": str(server.dimensions),
        "VEXORD_API_KEY": "sk-right",
        **variables,
    }


def tree(root: Path) -> Path:
    make_tree(
        root,
        {f"src/{one}_{two}.py": CODE.format(one, two) for one in WORDS for two in WORDS}
        | {"src/kill.py": "def terminate(pid):\n    os.kill(pid, 9)\n"},
    )
    return root


def seconds(daemon: Daemon) -> list[dict[str, Any]]:
    return [project["second"] for project in daemon.request("status")["projects"]]


def whole(daemon: Daemon) -> bool:
    return all(told["rows"] == told["total"] > 0 and not told["next"] for told in seconds(daemon))


def sent(server: ProviderServer) -> int:
    return server.log.requests


def test_every_chunk_is_embedded_once_and_searched_at_once(
    daemon: StartDaemon, server: ProviderServer, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    running = daemon(env=chosen(server))
    running.add(root)
    answer = running.search("terminate a running program", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "src/kill.py"
    wait_until(lambda: whole(running), 30, "every chunk has a row of the provider's")
    assert not server.log.repeated
    documents = sum(server.log.answered.values())
    assert documents == CHUNKS + 1
    answer = running.search("terminate a running program", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "src/kill.py"
    assert answer["notes"] == []
    assert sum(server.log.answered.values()) == documents + 1, "the query"
    running.search("terminate a running program", path=str(root))
    assert sum(server.log.answered.values()) == documents + 1, "the same query is not sent again"
    remote = running.request("status")["remote"]
    assert remote["provider"] == "openai"
    assert remote["key_from"] == "$VEXORD_API_KEY"
    assert remote["bulk"]["rows"] == CHUNKS + 1
    assert remote["queries"]["requests"] == 1
    assert "sk-right" not in str(running.request("status")) + running.output(1_000_000)
    (root / "src/added.py").write_text("def added():\n    return 'something new under the sun'\n")
    wait_until(lambda: running.request("status")["projects"][0]["chunks"] == CHUNKS + 2, 10, "it is seen")
    wait_until(lambda: whole(running), 30, "the new chunk has its row")
    assert sum(server.log.answered.values()) == documents + 2
