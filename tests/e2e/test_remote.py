"""A provider at work behind a real daemon: real HTTP, the real SDK, and a server that counts."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.provider import ProviderServer, provider_server
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import vexorctl
from vexord.index.embed_text import text_hash

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


def seconds(daemon: Daemon) -> list[Any]:
    return [project["second"] for project in daemon.request("status")["projects"]]


def whole(daemon: Daemon) -> bool:
    found = seconds(daemon)
    return bool(found) and all(
        told is not None and told["rows"] == told["total"] > 0 and not told["next"] for told in found
    )


def bulk(daemon: Daemon) -> Any:
    return daemon.request("status")["remote"]["bulk"]


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
    wait_until(lambda: whole(running), 60, "every chunk has a row of the provider's")
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
    wait_until(lambda: bulk(running)["rows"] == CHUNKS + 1, 10, "they are counted")
    assert remote["queries"]["requests"] == 1
    assert "sk-right" not in str(running.request("status")) + running.output(1_000_000)
    assert "HTTP Request" not in running.output(1_000_000)
    (root / "src/added.py").write_text("def added():\n    return 'something new under the sun'\n")
    wait_until(lambda: running.request("status")["projects"][0]["chunks"] == CHUNKS + 2, 10, "it is seen")
    wait_until(lambda: whole(running), 60, "the new chunk has its row")
    assert sum(server.log.answered.values()) == documents + 2


def kept(xdg: Xdg) -> set[int]:
    """The hashes of the texts whose rows are in a cache."""
    found: set[int] = set()
    for file in (xdg.base / "data" / "vexord" / "embeddings").glob("*.sqlite"):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
            found |= {key % 2**64 for (key,) in database.execute("select hash from rows")}
    return found


def test_killed_half_way_nothing_that_was_kept_is_paid_for_again(
    daemon: StartDaemon, server: ProviderServer, xdg: Xdg, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    server.max_items, server.latency_s = 8, 0.05
    first = daemon(env=chosen(server))
    first.add(root)
    wait_until(lambda: len(kept(xdg)) >= 16, 60, "some rows are kept")
    for process in xdg.processes():
        process.kill()
    first.kill()
    wait_until(lambda: not xdg.processes(), 10, "all are gone")
    before = kept(xdg)
    assert 16 <= len(before) < CHUNKS
    again = daemon(env=chosen(server))
    wait_until(lambda: whole(again), 60, "the rest follows")
    assert len(kept(xdg)) == len(server.log.answered) == CHUNKS + 1
    assert before.isdisjoint(map(text_hash, server.log.repeated))


def test_moving_copying_and_switching_a_branch_cost_nothing(
    daemon: StartDaemon, server: ProviderServer, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "one")
    git(root, "checkout", "-q", "-b", "other")
    for name in ("socket_cart", "orbit_violin"):
        (root / f"src/{name}.py").write_text(f"def other_{name}():\n    return 'of another branch'\n")
    git(root, "commit", "-q", "-a", "-m", "two")
    running = daemon(env=chosen(server))
    running.add(root)
    wait_until(lambda: whole(running), 60, "embedded")
    git(root, "checkout", "-q", "main")
    running.search("x", path=str(root))
    wait_until(lambda: whole(running), 60, "embedded")
    paid = len(server.log.answered)
    assert paid == CHUNKS + 1 + 2 + 1

    git(root, "checkout", "-q", "other")
    running.search("x y", path=str(root))
    (root / "src").rename(root / "lib")
    running.search("x y z", path=str(root))
    git(root, "worktree", "add", "-q", "-f", str(tmp_path / "tree"), "main")
    running.add(tmp_path / "tree")
    wait_until(lambda: whole(running), 60, "all rows are known")
    asked = list(server.log.answered)[paid:]
    assert asked == ["x y", "x y z"], "nothing but the queries"
    assert not server.log.repeated


def test_a_provider_that_fails_is_done_without_says_so_and_heals(
    daemon: StartDaemon, server: ProviderServer, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    running = daemon(env=chosen(server))
    running.add(root)
    wait_until(lambda: whole(running), 60, "embedded")
    server.chance = lambda: "503"
    (root / "src/added.py").write_text("def added():\n    return 'something new under the sun'\n")
    answer = running.search("something new under the sun", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "src/added.py"
    assert any("ranked without the second model" in note and "503" in note for note in answer["notes"])
    assert not answer["stale"]

    def states() -> set[str]:
        return {one["name"] for one in running.request("status")["projects"][0]["degraded"]}

    wait_until(lambda: states() == {"provider_rests"}, 60, "status says so")
    assert running.request("status")["remote"]["bulk"]["state"] == "resting"
    server.chance = lambda: None
    wait_until(lambda: whole(running), 60, "it heals")
    wait_until(lambda: states() == set(), 10, "and says so")


def much(root: Path) -> Path:
    """Some 2 MB of text: about 0.12 dollars of voyage-code-3."""
    line = "value_{0} = 'number {0} of part {1}'\n"
    parts = ["".join(line.format(number, part) for number in range(14_000)) for part in range(4)]
    make_tree(root, {f"part{part}.py": text for part, text in enumerate(parts)})
    return root


def voyage(server: ProviderServer) -> dict[str, str]:
    return chosen(server, VEXORD_PROVIDER="voyage", VEXORD_MODEL="voyage-code-3")


def test_much_is_sent_only_after_consent(
    daemon: StartDaemon, server: ProviderServer, xdg: Xdg, tmp_path: Path
) -> None:
    root = much(tmp_path / "root")
    running = daemon(env=voyage(server))
    refused = vexorctl(xdg, "add", str(root))
    assert refused.returncode == 2
    assert f"to agree: vexorctl add --yes {root}" in refused.stderr.decode()
    (told,) = seconds(running)
    assert told["awaiting_consent"]
    estimate = told["estimate"]
    assert estimate["chunks"] == told["total"]
    assert 0.10 < estimate["usd"] < 0.20
    assert f"{estimate['chunks']:,} chunks, about {estimate['tokens']:,} tokens, about $0.1" in str(
        refused.stdout
    )
    assert "vexorctl add --yes" in running.request("status")["projects"][0]["degraded"][0]["hint"]
    assert running.request("status")["remote"]["consent"] == "voyage:voyage-code-3"
    assert not running.search("number 7 of part 2", path=str(root))["stale"]
    assert sent(server) == 0

    assert vexorctl(xdg, "add", "--yes", str(root)).returncode == 0
    wait_until(lambda: whole(running), 60, "all is embedded")
    assert running.request("status")["projects"][0]["degraded"] == []
    assert set(server.log.sides) == {"document"}
    assert not server.log.repeated
    page = vexorctl(xdg, "status", "--verbose").stdout.decode()
    assert f"{told['total']:,} of {told['total']:,} chunks" in page
    assert "provider  voyage voyage-code-3" in page
    assert "key from $VEXORD_API_KEY" in page


@pytest.mark.parametrize(("answer", "agreed"), [("y", True), ("n", False)])
def test_at_a_terminal_it_asks(
    daemon: StartDaemon, server: ProviderServer, xdg: Xdg, tmp_path: Path, answer: str, agreed: bool
) -> None:
    root = much(tmp_path / "root")
    running = daemon(env=voyage(server))
    ours, theirs = os.openpty()
    os.write(ours, answer.encode() + b"\n")
    command = [sys.executable, "-P", "-m", "vexorctl", "add", str(root)]
    done = subprocess.run(command, env=xdg.env, stdin=theirs, capture_output=True, timeout=60, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0, done.stderr
    assert b"have the provider embed them? [y/N]" in done.stdout
    if agreed:
        wait_until(lambda: whole(running), 60, "all is embedded")
    else:
        assert b"To agree later: vexorctl add --yes" in done.stdout
        assert seconds(running)[0]["awaiting_consent"]
        assert sent(server) == 0


def test_another_model_answers_when_it_is_whole_and_going_back_is_free(
    daemon: StartDaemon, server: ProviderServer, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    first = daemon(env=chosen(server))
    first.add(root)
    wait_until(lambda: whole(first), 60, "embedded")
    model = seconds(first)[0]["model"]
    first.stop()
    server.max_items = 8
    server.poison[CODE.format("cart", "orbit").rstrip()] = "503"
    second = daemon(env=chosen(server, VEXORD_MODEL="text-embedding-3-large"))
    most = CHUNKS + 1 - 8
    wait_until(
        lambda: any(told and told["next_rows"] >= most for told in seconds(second)), 60, "most of it is there"
    )
    told = seconds(second)[0]
    assert (told["model"], told["rows"]) == (model, told["total"]), "the old one answers"
    assert told["next_rows"] < told["total"]
    answer = second.search("terminate a running program", path=str(root))
    assert not any("without the second model" in note for note in answer["notes"])
    assert answer["results"][0]["hits"][0]["path"] == "src/kill.py"
    server.poison.clear()
    wait_until(lambda: whole(second), 60, "the new one is whole")
    assert seconds(second)[0]["model"] != model
    second.stop()
    before = sent(server)
    third = daemon(env=chosen(server))
    wait_until(lambda: whole(third), 60, "back again")
    assert seconds(third)[0]["model"] == model
    assert sent(server) == before


def test_secrets_do_not_leave_the_machine(
    daemon: StartDaemon, server: ProviderServer, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    secret = "AKIA" + "IOSFODNN7ABCDEFG"
    (root / "deploy.py").write_text(f"def deploy():\n    return client(key='{secret}')\n")
    running = daemon(env=chosen(server))
    running.add(root)
    wait_until(lambda: seconds(running)[0]["rows"] == CHUNKS + 1, 60, "all but one")
    assert seconds(running)[0]["held_back"] == 1
    answer = running.search(f"client with {secret}", path=str(root))
    assert answer["results"][0]["hits"][0]["path"] == "deploy.py"
    assert any("looks as if it held a secret" in note for note in answer["notes"])
    assert not any(secret in text for text in server.log.answered)
    (project,) = running.request("status", {"held_back": True})["projects"]
    assert project["held_back"] == [{"path": "deploy.py", "line": 2, "end_line": 2, "rule": "aws"}]
    assert not running.request("status")["projects"][0].get("held_back")
    (root / "deploy.py").unlink()
    running.search("client", path=str(root))
    wait_until(lambda: seconds(running)[0]["held_back"] == 0, 10, "what has gone is not counted")


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def test_a_provider_is_chosen_and_left_while_the_daemon_runs(
    daemon: StartDaemon, server: ProviderServer, xdg: Xdg, tmp_path: Path
) -> None:
    root = tree(tmp_path / "root")
    running = daemon(env={"OPENAI_API_KEY": "sk-right"})
    running.add(root)
    assert seconds(running) == [None]
    size = str(server.dimensions)
    said = vexorctl(xdg, "config", "set", "provider", "openai", "base_url", server.url, "dimensions", size)
    assert said.returncode == 0, said.stderr
    wait_until(lambda: whole(running), 60, "the provider's rows are there")
    answer = running.search("terminate a running program", path=str(root))
    assert answer["notes"] == []
    assert running.request("status")["remote"]["key_from"] == "$OPENAI_API_KEY"
    paid = sent(server)
    assert vexorctl(xdg, "config", "unset", "provider", "base_url", "dimensions").returncode == 0
    wait_until(lambda: seconds(running) == [None], 60, "they are not used any more")
    assert running.search("terminate a running process", path=str(root))["notes"] == []
    assert sent(server) == paid
