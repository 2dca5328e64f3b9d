"""A whole session with a key, a text and a query that are recognised wherever they turn up."""

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from vexor_protocol.client import Client

from tests.support.canary import Canary, files_with
from tests.support.daemon import Daemon
from tests.support.provider import ProviderServer, provider_server
from tests.support.tap import Tap, tapped
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import vexorctl

StartDaemon = Callable[..., Daemon]
KEY = Canary("sk-proj-" + "Qz7Vw2Lk9Xr4Tn6Bp1Hd8Jm3Fs5Yc0Ga")  # nobody's
OTHER_KEY = Canary("sk-proj-" + "Wm3Rt8Zb5Kx1Qn7Lv4Hp9Dj2Gc6Ys0Fa")
TEXT = Canary("quolbrentzifarnwexidomp")
QUERY = Canary("yevskaprollindwarquixot")


class Session:
    """Commands on one side of a tap, the daemon on the other; everything that is said is kept."""

    def __init__(self, xdg: Xdg, tap: Tap) -> None:
        self.xdg = xdg
        self.tap = tap
        self.said = b""
        self.found = b""
        """What `search` printed: the only place where texts and queries belong."""
        self.commands: set[str] = set()
        """Command lines of all processes that were seen."""

    def run(self, *words: str, env: dict[str, str] | None = None, given: bytes = b"") -> bytes:
        done = vexorctl(
            self.xdg, *words, env={"XDG_RUNTIME_DIR": str(self.xdg.base / "tap"), **(env or {})}, said=given
        )
        if words[0] == "search":
            assert done.returncode < 2, done.stderr
            self.found += done.stdout + done.stderr
        else:
            self.said += done.stdout + done.stderr
        self.look()
        return done.stdout

    def start(self, env: dict[str, str] | None = None) -> None:
        done = vexorctl(self.xdg, "start", env={"VEXORCTL_NO_SPAWN": "", **(env or {})})
        assert done.returncode == 0, done.stderr
        self.said += done.stdout + done.stderr
        self.look()

    def look(self) -> None:
        for process in self.xdg.processes():
            try:
                self.commands.add(" ".join(process.cmdline()))
            except psutil.Error:
                continue

    def status(self) -> Any:
        self.look()
        with Client(str(self.xdg.base / "tap" / "vexord" / "vexord.sock")) as client:
            return client.request("status", {}, 10.0)

    def ask(self) -> None:
        for words in (("status",), ("doctor",), ("logs", "-n", "100000")):
            self.run(*words)

    def ask_everything(self) -> None:
        self.ask()
        for words in (
            ("status", "--json"),
            ("doctor", "--json"),
            ("report", "-o", "-"),
            ("config",),
            ("config", "--json"),
            ("list",),
        ):
            self.run(*words)


@pytest.fixture
def session(xdg: Xdg) -> Iterator[Session]:
    with tapped(xdg.base / "tap", xdg.socket) as tap:
        yield Session(xdg, tap)


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with provider_server() as running:
        running.echo = True
        running.keys = {KEY.value}
        yield running


def test_a_key_stands_in_its_file_alone_and_texts_and_queries_in_no_log(
    session: Session, server: ProviderServer, tmp_path: Path
) -> None:
    xdg = session.xdg
    root = make_tree(
        tmp_path / "root", {"a.py": f"def shop():\n    return '{TEXT.value}'\n", "b.py": "x = 1\n"}
    )
    key_file = xdg.config / "vexord" / "keys" / "openai"

    session.run("config", "set-key", "openai", "--file", given=KEY.value.encode() + b"\n")
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    session.run("config", "set", "provider", "openai", "base_url", server.url, "dimensions", "8")
    session.start(env={"OPENAI_LOG": "debug"})
    session.run("add", str(root), "--wait")
    wait_until(lambda: server.log.answered, 20, "the chunks are sent with the right key")
    session.run("search", f"{QUERY.value} shop", "--path", str(root))
    session.run("search", f'"{QUERY.value}" /{QUERY.value}+/', "--path", str(root))
    session.ask()

    server.keys = set()  # revoked: each refusal now quotes the key and the texts
    (root / "b.py").write_text(f"def other():\n    return '{TEXT.value}2'\n")
    wait_until(lambda: refused(session), 20, "the refusal is in status")
    session.run("search", f"{QUERY.value} other", "--path", str(root))
    session.ask()

    key_file.chmod(0o644)
    session.run("search", f"{QUERY.value} rights", "--path", str(root))
    wait_until(
        lambda: b"open to other users" in session.run("doctor") + session.run("status"), 20, "it is told"
    )
    key_file.chmod(0o600)

    for process in xdg.processes():  # a crash with the key in memory, with tracebacks
        assert process.rlimit(psutil.RLIMIT_CORE)[1] <= 1
    indexer = session.status()["indexer"]["pid"]
    os.kill(indexer, signal.SIGABRT)
    wait_until(lambda: session.status()["indexer"]["pid"] not in (None, indexer), 20, "another indexer")
    os.kill(session.status()["pid"], signal.SIGABRT)
    wait_until(lambda: not xdg.processes(), 20, "all have ended")

    server.keys = {OTHER_KEY.value}
    session.start(env={"VEXORD_API_KEY": OTHER_KEY.value, "OPENAI_LOG": "debug"})
    (root / "c.py").write_text("def third():\n    return 3\n")
    wait_until(lambda: "def third():\n    return 3" in server.log.answered, 20, "the variable's key is used")
    session.ask_everything()
    session.run("stop", env={"XDG_RUNTIME_DIR": str(xdg.runtime)})
    wait_until(lambda: not xdg.processes(), 20, "all have ended")

    logs = b"".join(path.read_bytes() for path in (xdg.state / "vexord").rglob("*.log*"))
    assert logs.count(b"Fatal Python error: Aborted") == 2, "the tracebacks are there"
    assert b"the key is not accepted" in session.said
    everything = session.said + session.found + session.tap.heard() + logs + repr(server.log).encode()
    everything += "\n".join(session.commands).encode()
    assert len(session.commands) >= 3, "servers and indexers were looked at"
    for key in (KEY, OTHER_KEY):
        assert not key.seen_in(everything)
    assert files_with(KEY, xdg.base) == [str(key_file)]
    assert files_with(OTHER_KEY, xdg.base) == []
    assert TEXT.seen_in(session.found), "a search shows texts"
    assert QUERY.seen_in(session.tap.heard())
    for canary in (TEXT, QUERY):
        assert [line for line in (session.said + logs).splitlines() if canary.seen_in(line)] == []
    assert files_with(QUERY, xdg.base) == []


def refused(session: Session) -> bool:
    projects = session.status()["projects"]
    return any(one["name"] == "provider_refuses" for one in projects[0].get("degraded", ()))


@pytest.mark.parametrize("wrap", [str, repr, lambda key: json.dumps({"a": key})])
def test_the_searcher_finds_what_is_hidden(wrap: Any) -> None:
    import base64
    from urllib.parse import quote

    text = wrap(KEY.value).encode()
    assert KEY.seen_in(text)
    assert KEY.seen_in(base64.b64encode(b"ab" + text))
    assert KEY.seen_in(quote(text).encode())
    assert KEY.seen_in(text.hex().encode())
    assert KEY.seen_in(b"..." + KEY.value[11:24].encode())
    assert not KEY.seen_in(b"sk-proj-abcdefghijklmnop")


WRONG_PLACES = (
    'provider = "{}"', 'base_url = "https://host.example/v1?key={}"', 'base_url = "me:{}@host.example"',
    'api_key = "{}"', '"{}" = 1',
)  # fmt: skip


def test_a_key_in_a_wrong_place_of_the_settings_is_repeated_nowhere(session: Session) -> None:
    file = session.xdg.config / "vexord" / "config.toml"
    file.parent.mkdir()
    session.start()
    before: list[Any] = []
    for place in WRONG_PLACES:
        file.write_text(f"[embedding]\n{place.format(KEY.value)}\n")
        wait_until(
            lambda before=before: session.status()["degraded"] not in ([], before), 20, f"{place} is told"
        )
        before = session.status()["degraded"]
    session.ask_everything()
    logs = b"".join(path.read_bytes() for path in (session.xdg.state / "vexord").rglob("*.log*"))
    assert b"settings not taken" in logs
    everything = session.said + session.tap.heard() + logs + "\n".join(session.commands).encode()
    assert [line for line in everything.splitlines() if KEY.seen_in(line)] == []
    assert files_with(KEY, session.xdg.base) == [str(file)]


def told_anew(session: Session, before: list[Any]) -> list[Any]:
    now: list[Any] = session.status()["degraded"]
    return now if now != before else []


def test_a_secret_file_is_in_no_index_however_it_comes_there(daemon: StartDaemon, tmp_path: Path) -> None:
    root = make_tree(
        tmp_path / "root", {"a.txt": f"{TEXT.value} one", ".env": f"{TEXT.value} two", "c.py": "c = 3"}
    )
    secret = make_tree(tmp_path / "home", {"id_ed25519": f"{TEXT.value} three"}) / "id_ed25519"
    (root / "notes.txt").symlink_to(secret)
    (root / "ID_RSA.bak").write_text(f"{TEXT.value} four")
    running = daemon()
    running.add(root)

    def found() -> list[str]:
        hits = running.search(f'"{TEXT.value}"', path=str(root))["results"][0]["hits"]
        return [hit["path"] for hit in hits]

    assert found() == ["a.txt"]
    (root / "a.txt").rename(root / "prod.pem")
    assert found() == []
    (root / "prod.pem").rename(root / "a.txt")
    assert found() == ["a.txt"]
    (root / "keys").mkdir()
    (root / ".env").rename(root / "keys" / ".env.local")
    os.link(secret, root / "keys" / "id_ed25519")
    (root / "more.txt").symlink_to(root / "keys" / ".env.local")
    assert found() == ["a.txt"]
