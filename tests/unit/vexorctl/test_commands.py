"""The commands off the fast road: what they ask, what they print, how they end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import vexorctl.main
from tests.support.trees import make_tree
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import FakeDaemon, Release, fake_daemon, refusal
from tests.unit.vexorctl.fake_daemon import vexorctl as run_vexorctl
from vexorctl.commands.watch import describe as describe_event
from vexorctl.main import main
from vexorctl.pages import size
from vexorctl.progress import describe, duration
from vexorctl.version import own_version

Run = Callable[..., tuple[int, str, str]]
PROJECT: dict[str, Any] = {
    "project": "/src/shop",
    "name": "shop",
    "state": "ready",
    "generation": 3,
    "clock": "c:00000001:4",
    "files": 1234,
    "chunks": 5678,
    "segments": 2,
    "pending": 0,
    "index_bytes": 1_740_800,
    "model": "m",
    "added_at": "t",
}
STATUS: dict[str, Any] = {
    "version": own_version(),
    "protocol": 1,
    "boot_id": "b",
    "pid": 42,
    "uptime_s": 90.0,
    "rss_bytes": 5_000_000,
    "socket": "/run/s",
    "clients": 1,
    "searches": 2,
    "rejected_peers": 0,
    "projects": [PROJECT],
    "indexer": {
        "state": "running",
        "pid": 43,
        "restarts": 0,
        "rss_bytes": 1,
        "watches": 9,
        "watch_limit": 99,
        "queue": 0,
    },
}
DEGRADED = [{"name": "watch_limit", "message": "too few watches", "hint": "raise the limit"}]


@pytest.fixture(autouse=True)
def _no_spawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEXORCTL_NO_SPAWN", "1")


@pytest.fixture
def ctl(capfd: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        status = main(list(arguments))
        shown = capfd.readouterr()
        return status, shown.out, shown.err

    return run


def table(**results: Any) -> Callable[[dict[str, Any]], Any]:
    """A handler that answers each method with a fixed result."""
    return lambda request: results[request["method"]]


def asked(daemon: FakeDaemon, method: str) -> dict[str, Any]:
    """Params of the only request of that method, without what every request has."""
    (found,) = [request["params"] for request in daemon.requests if request["method"] == method]
    return {key: value for key, value in found.items() if key not in ("v", "deadline_ms")}


def test_a_life_from_add_to_remove_with_a_real_daemon(xdg: Xdg) -> None:
    root = make_tree(xdg.base / "shop", {"cart.py": "def total_with_tax(cart):\n    return sum(cart)\n"})

    def ctl(*arguments: str) -> tuple[int, str]:
        done = run_vexorctl(xdg, *arguments, cwd=root, env={"VEXORCTL_NO_SPAWN": ""})
        return done.returncode, done.stdout.decode() + done.stderr.decode()

    status, said = ctl("add", ".", "--wait", "--name", "my shop")
    assert (status, said.splitlines()[0]) == (0, f"registered {root}")
    assert "indexed 1 files" in said
    assert ctl("add")[1].startswith(f"{root} is registered already")
    (line,) = ctl("list", "--json")[1].splitlines()
    listed = json.loads(line)
    assert (listed["project"], listed["name"], listed["files"]) == (str(root), "my shop", 1)
    assert json.loads(ctl("status", "--json")[1])["projects"][0]["state"] == "ready"
    assert ctl("search", "total_with_tax", "--porcelain")[0] == 0
    status, said = ctl("search", "total_with_tax", "--format", "vexor-json")
    assert (status, json.loads(said)["results"][0]["path"]) == (0, "./cart.py")
    assert ctl("add", "--mode", "name")[1].startswith(f"{root} is registered already")
    assert ctl("wait", "--timeout", "20") == (0, "")
    assert "mode name, by vexorctl add --mode" in ctl("status")[1]
    assert ctl("search", '"total_with_tax"')[0] == 1, "of the file, its name alone is indexed"
    assert ctl("reindex", "--full", "--wait") == (0, f"indexing {root} anew\n")
    assert ctl("wait", "--timeout", "20") == (0, "")
    assert ctl("remove", ".") == (0, f"removed {root}\n")
    assert ctl("list")[1].startswith("no projects")
    assert "runs already" in ctl("start")[1]
    assert ctl("stop") == (0, "stopped\n")


def test_add_sends_its_flags_and_does_not_wait_unasked(xdg: Xdg, ctl: Run) -> None:
    reply = {"project": "/src", "name": "n", "created": True, "clock": "c:00000000:0"}
    with fake_daemon(xdg, table(register=reply)) as daemon:
        status, out, _ = ctl("add", "/src", "--name", "n", "--force", "--in-project")
    assert (status, out.splitlines()[-1]) == (
        0,
        "it is being indexed; wait for that with: vexorctl wait /src",
    )
    assert asked(daemon, "register") == {"path": "/src", "name": "n", "force": True, "index_in_project": True}


def test_add_says_why_nothing_was_indexed(xdg: Xdg, ctl: Run) -> None:
    empty = {
        **PROJECT,
        "files": 0,
        "chunks": 0,
        "degraded": [{"message": "all ignored by /*", "hint": "mend it"}],
    }
    results = {
        "register": {"project": "/src/shop", "created": True},
        "wait": {"reached": True, "projects": []},
        "projects": {"projects": [empty]},
    }
    with fake_daemon(xdg, table(**results)):
        status, out, err = ctl("add", "/src/shop", "--wait")
    assert (status, out.splitlines()[-1]) == (0, "indexed 0 files, 0 chunks")
    assert err == "vexorctl: all ignored by /*\n  hint: mend it\n"


def test_wait_that_ends_too_early_says_where_it_stands(xdg: Xdg, ctl: Run) -> None:
    stale = {"project": "/src", "stale": True, "reasons": ["indexing"], "pending": 7}
    with fake_daemon(xdg, table(wait={"reached": False, "projects": [stale]})) as daemon:
        status, _, err = ctl("wait", "/src", "--timeout", "0")
    assert (status, err) == (1, "vexorctl: /src: indexing; 7 files pending\n")
    assert asked(daemon, "wait") == {"path": "/src", "timeout_ms": 0}


def test_wait_does_not_wait_for_what_waiting_cannot_mend(xdg: Xdg, ctl: Run) -> None:
    stale = {"project": "/src", "stale": True, "reasons": ["watch_limit"], "degraded": DEGRADED}
    with fake_daemon(xdg, table(wait={"reached": False, "projects": [stale]})) as daemon:
        status, _, err = ctl("wait")
    assert status == 1 and "too few watches\n  hint: raise the limit" in err
    assert "path" not in asked(daemon, "wait")


def test_list_and_status_for_people(xdg: Xdg, ctl: Run) -> None:
    skipped = [{"reason": "binary", "count": 4, "examples": ["logo.png"]}]
    project = {**PROJECT, "degraded": DEGRADED, "skipped": skipped}
    with fake_daemon(xdg, table(projects={"projects": [project]}, status={**STATUS, "projects": [project]})):
        _, listed, _ = ctl("list")
        _, page, err = ctl("status")
        _, whole, _ = ctl("status", "--verbose")
    assert listed.splitlines()[1].split() == ["shop", "degraded", "1,234", "5,678", "1.7", "MB", "/src/shop"]
    for part in (
        "1 thing is not well\n",
        "! shop: too few watches",
        "mend: raise the limit",
        "skipped 4: binary (logo.png)",
        "1,234 files, 5,678 chunks, 1.7 MB; nothing published yet",
        "vexord 0.1.0 up 1 min 30 s",
    ):
        assert part in page
    for part in ("process 42, up 1 min 30 s", "9 of 99 watches", "generation 3 in 2 segments"):
        assert part in whole
        assert part not in page
    assert (err, "\x1b" in page) == ("", False)


def test_status_says_first_whether_all_is_well(xdg: Xdg, ctl: Run) -> None:
    then = datetime.now(UTC) - timedelta(seconds=125)
    seen = {"last_event_at": then.isoformat(), "indexed_at": then.isoformat()}
    with fake_daemon(xdg, table(status={**STATUS, "projects": [{**PROJECT, **seen}]})):
        first, _, *rest = ctl("status")[1].splitlines()
    assert first == "all is well: 1 project, up to date"
    assert rest[1].strip().endswith("1.7 MB; last change 2 min 5 s ago, published 2 min 5 s ago")
    lagging = {**PROJECT, "pending": 3, "behind_since": then.isoformat()}
    with fake_daemon(xdg, table(status={**STATUS, "projects": [lagging]})):
        page = ctl("status")[1]
    assert page.splitlines()[0] == "all is well: 1 project, 3 changes on the way"
    assert "behind for 2 min 5 s, 3 changes pending" in page
    with fake_daemon(xdg, table(status={**STATUS, "projects": []})):
        assert ctl("status")[1].startswith("all is well: no folder is indexed yet")


def test_what_several_projects_suffer_is_said_once_and_a_lost_indexer_too(xdg: Xdg, ctl: Run) -> None:
    projects = [{**PROJECT, "name": name, "degraded": DEGRADED} for name in ("a", "b")]
    gone = {**PROJECT, "name": "c", "state": "root_gone"}
    indexer = {**STATUS["indexer"], "state": "restarting", "last_error": "killed"}
    with fake_daemon(xdg, table(status={**STATUS, "projects": [*projects, gone], "indexer": indexer})):
        lines = ctl("status")[1].splitlines()
    assert lines[0] == "3 things are not well"
    assert [line.strip() for line in lines if "! " in line] == [
        "! vexord: the indexer is restarting (killed); searches go on",
        "! a, b: too few watches",
        "! c: its folder is not there; the last index answers",
    ]
    assert lines.index("    mend: put it back, or run: vexorctl remove /src/shop") == 6


def test_what_is_held_back_is_listed_by_place_and_rule(xdg: Xdg, ctl: Run) -> None:
    places = [
        {"path": "a\n.py", "line": 3, "end_line": 3, "rule": "aws"},
        {"path": ".env", "line": 0, "end_line": 0, "rule": "file-name"},
    ]
    project = {**PROJECT, "second": {"held_back": 2}, "held_back": places}
    with fake_daemon(xdg, table(status={**STATUS, "projects": [project, PROJECT]})) as daemon:
        said = ctl("status", "--held-back")[1]
    assert asked(daemon, "status")["held_back"] is True
    assert said.splitlines() == [
        "/src/shop: 2 chunks held back",
        "  a␊.py:3  aws",
        "  .env  file-name",
        "/src/shop: no provider is chosen: nothing is sent",
    ]


def test_a_list_that_was_cut_short_says_so(xdg: Xdg, ctl: Run) -> None:
    place = {"path": "a.py", "line": 1, "end_line": 1, "rule": "aws"}
    for count, told in ((499, False), (500, True)):
        project = {**PROJECT, "second": {"held_back": 600}, "held_back": [place] * count}
        with fake_daemon(xdg, table(status={**STATUS, "projects": [project]})):
            said = ctl("status", "--held-back")[1]
        assert ("only 500 places" in said) is told


def test_no_name_drives_the_terminal(xdg: Xdg, ctl: Run) -> None:
    evil = "/src/\x1b]0;pwned\x07\x9b31m\u202e\udcff"
    reason = {"name": "no_files", "message": f"nothing in {evil}", "hint": f"look at {evil}"}
    project = {**PROJECT, "project": evil, "name": evil, "degraded": [reason], "second": {"rows": 1},
               "skipped": [{"reason": "binary", "count": 1, "examples": [evil]}],
               "held_back": [{"path": evil, "line": 1, "end_line": 1, "rule": "aws"}]}  # fmt: skip
    replies = table(
        status={**STATUS, "projects": [project], "degraded": [reason]}, projects={"projects": [project]},
        register={"project": evil, "created": True}, unregister={"project": evil},
        hello={"version": own_version(), "protocol": 1, "protocol_min": 1, "pid": 1},
    )  # fmt: skip
    commands = (
        ("status",), ("status", "-v"), ("status", "--held-back"), ("list",), ("doctor",), ("add", "/src"),
        ("remove", "/src"),
    )  # fmt: skip
    with fake_daemon(xdg, replies):
        for command in commands:
            _, out, err = ctl(*command)
            assert "pwned" in out + err, command
            assert all(character.isprintable() or character == "\n" for character in out + err), command


def test_status_colours_on_request_and_names_a_version_mismatch(xdg: Xdg, ctl: Run) -> None:
    with fake_daemon(xdg, table(status={**STATUS, "version": "99.0"})) as daemon:
        _, page, err = ctl("status", "--color", "always")
        assert json.loads(ctl("status", "--json")[1])["version"] == "99.0"
    assert "\x1b[" in page
    assert "the daemon is version 99.0" in err and "hint: vexorctl restart" in err
    assert {request["method"] for request in daemon.requests} == {"status"}


def test_watch_prints_events_until_interrupted(xdg: Xdg) -> None:
    published = {
        "event": "published",
        "project": "/src",
        "generation": 4,
        "changed": ["a.py"],
        "removed": ["b.py"],
    }
    event = {"jsonrpc": "2.0", "method": "event", "params": published}
    with fake_daemon(xdg, lambda _: [{"subscribed": True, "projects": ["/src"]}, event]) as daemon:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vexorctl", "watch", "/src", "--json"],
            env=xdg.env,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == published
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        process.stdout.close()
    assert asked(daemon, "subscribe") == {"path": "/src"}


def test_interrupting_a_search_is_silent(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: None) as daemon:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vexorctl", "search", "x"], env=xdg.env, stderr=subprocess.PIPE
        )
        while not daemon.requests:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert (process.communicate(timeout=10)[1], process.returncode) == (b"", 130)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {
                "event": "published",
                "project": "/p",
                "generation": 4,
                "changed": list("abcdef"),
                "removed": ["g"],
            },
            "/p  generation 4  a b c d e and 2 more",
        ),
        (
            {
                "event": "progress",
                "project": "/p",
                "progress": {"phase": "indexing", "files_done": 1, "files_total": 2000},
            },
            "/p  indexing 1/2,000 files",
        ),
        ({"event": "state", "project": "/p", "state": "ready"}, "/p  ready"),
        ({"event": "degraded", "project": "/p", "degraded": DEGRADED}, "/p  too few watches"),
        ({"event": "degraded", "project": "/p"}, "/p  well again"),
        ({"event": "overrun", "project": None}, "daemon  events were lost: this terminal was too slow"),
    ],
)
def test_events_as_lines(event: dict[str, object], line: str) -> None:
    assert describe_event(event) == line


def test_progress_as_a_line() -> None:
    progress = {"phase": "indexing", "files_done": 500, "files_total": 2000}
    project: dict[str, object] = {"name": "shop", "progress": progress}
    assert (
        describe(project, 100.0)
        == "indexing shop [#####---------------] 500/2,000 files  100 files/s  15 s left"
    )
    scanning: dict[str, object] = {"name": "shop", "progress": {**progress, "phase": "scanning"}}
    assert describe(scanning, 0) == "scanning shop  2,000 files"
    assert [duration(s) for s in (0.4, 59, 61, 7300)] == ["0 s", "59 s", "1 min 1 s", "2 h 1 min"]
    assert [size(n) for n in (12, 1_740_800, 256_000_000)] == ["12 B", "1.7 MB", "256 MB"]


@pytest.mark.parametrize(
    "arguments", [(), ("--help",), ("-h",), ("help",), ("help", "search"), ("search", "--help")]
)
def test_help_is_no_error(ctl: Run, arguments: tuple[str, ...]) -> None:
    status, out, err = ctl(*arguments)
    assert (status, err) == (0, "") and "vexorctl" in out


def test_version_tells_of_both(xdg: Xdg, ctl: Run) -> None:
    assert ctl("--version")[1].endswith("vexord: no daemon runs\n")
    with fake_daemon(xdg, table(hello={"version": "99.0", "protocol": 2, "protocol_min": 1, "pid": 7})):
        _, out, err = ctl("version")
    assert out.splitlines() == [
        f"vexorctl {own_version()} (protocol 1)",
        "vexord 99.0 (protocol 1 to 2), process 7",
    ]
    assert "hint: vexorctl restart" in err


def test_status_tells_how_often_a_query_was_known(xdg: Xdg, ctl: Run) -> None:
    cache = {"entries": 1, "bytes": 20, "max_bytes": 100, "hits": 3, "misses": 1}
    with fake_daemon(xdg, table(status={**STATUS, "query_cache": cache})):
        assert "75% of 4 query vectors cached" in ctl("status", "-v")[1]
    with fake_daemon(xdg, table(status={**STATUS, "query_cache": {**cache, "hits": 0, "misses": 0}})):
        assert "cached" not in ctl("status")[1]


def test_status_tells_the_memory_of_the_server_from_mapped_files(xdg: Xdg, ctl: Run) -> None:
    with fake_daemon(xdg, table(status={**STATUS, "mapped_bytes": 3_000_000})):
        assert ", 2.0 MB and 3.0 MB of mapped files, " in ctl("status", "-v")[1]
    with fake_daemon(xdg, table(status=STATUS)):
        assert ", 5.0 MB, " in ctl("status", "-v")[1]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("search -k 0 x", "from 1 to 1000"),
        ("search", "QUERY"),
        ("x --bogus", "--bogus"),
        ("help nosuch", "nosuch"),
        ("wait --timeout -1", "--timeout"),
        ("search --all --path /x y", "not allowed with"),
    ],
)
def test_mistakes_are_named_and_end_with_2(ctl: Run, line: str, part: str) -> None:
    status, _, err = ctl(*line.split())
    assert status == 2 and part in err


def test_a_refusal_shows_the_hint(xdg: Xdg, ctl: Run) -> None:
    with fake_daemon(xdg, lambda _: refusal("E_NOT_REGISTERED", "not registered", "vexorctl list")):
        status, _, err = ctl("remove", "/x")
    assert (status, err) == (2, "vexorctl: not registered\n  hint: vexorctl list\n")


def test_an_unexpected_error_is_one_line_and_all_of_it_only_on_request(
    monkeypatch: pytest.MonkeyPatch, ctl: Run
) -> None:
    def broken(_: str) -> object:
        raise RuntimeError("boom")

    monkeypatch.setattr(vexorctl.main, "load", broken)
    status, _, err = ctl("list")
    assert (status, err.splitlines()[0]) == (2, "vexorctl: internal error: RuntimeError: boom")
    assert "hint: vexorctl doctor" in err and "Traceback" not in err
    monkeypatch.setenv("VEXORCTL_DEBUG", "1")
    assert "Traceback" in ctl("list")[2]


def test_progress_of_a_wait_comes_from_a_second_connection(
    xdg: Xdg, ctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    root = os.path.realpath(xdg.base)
    busy = {**PROJECT, "project": root, "progress": {"phase": "indexing", "files_done": 1, "files_total": 2}}

    def handle(request: dict[str, Any]) -> object:
        if request["method"] == "wait":
            return None
        return Release({"projects": [busy]}, {"reached": True, "projects": []})

    with fake_daemon(xdg, handle):
        status, _, err = ctl("wait", root)
    assert (status, "indexing shop [##########" in err, err.endswith("\r\x1b[K")) == (0, True, True)
