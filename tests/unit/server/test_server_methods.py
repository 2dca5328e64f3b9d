"""Each method over the real socket: its result, and its errors by name."""

import os
from pathlib import Path

import pytest
import zmq
from server_harness import FakeIndexer, Harness, answer_fresh
from vexor_protocol.errors import MODEL, ProtocolError
from vexor_protocol.health import Degraded, Progress
from vexor_protocol.wire import ReplyError

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.link.messages import CloseProject, OpenProject, Prefer, Reindex, Sync


@pytest.fixture
def root(xdg: Xdg) -> Path:
    folder = xdg.home / "shop"
    (folder / "sub" / "deep").mkdir(parents=True)
    return folder


def refused(harness: Harness, method: str, **params: object) -> ReplyError:
    with pytest.raises(ReplyError) as caught:
        harness.ask(method, **params)
    return caught.value


def test_hello_says_who_answers(harness: Harness) -> None:
    reply = harness.ask("hello", client="test")
    assert (reply["protocol"], reply["protocol_min"], reply["pid"]) == (1, 1, os.getpid())
    assert "fresh" in reply["capabilities"]
    assert harness.ask("hello")["boot_id"] == reply["boot_id"]


def test_a_version_that_is_not_served_is_refused_with_both_ranges(harness: Harness) -> None:
    error = refused(harness, "hello", v=999)
    assert error.name == "E_VERSION"
    assert "1 to 1" in error.hint
    assert "999" in error.hint
    assert refused(harness, "register", v=2).name == "E_VERSION"
    assert harness.ask("hello", v=1)["protocol"] == 1


def test_an_unknown_method_is_refused_and_the_known_ones_are_named(harness: Harness) -> None:
    error = refused(harness, "no_such_method")
    assert error.name == "E_UNKNOWN_METHOD"
    assert "no_such_method" in error.message
    for name in ("hello", "search", "subscribe"):
        assert name in error.hint


@pytest.mark.parametrize(
    ("method", "params", "word"),
    [
        ("register", {}, "path"),
        ("register", {"path": 5}, "path"),
        ("search", {"query": "x", "top": 0}, "top"),
        ("search", {"query": ""}, "query"),
        ("search", {}, "quer"),
        ("search", {"query": "a", "queries": ["b"]}, "quer"),
        ("search", {"query": "x", "filters": {"paths": "*.py"}}, "filters.paths"),
        ("search", {"query": "x", "render": {"format": "html"}}, "render.format"),
        ("search", {"query": "x", "path": "relative"}, "relative"),
        ("search", {"query": "x", "path": "/nul\0"}, "absolute"),
        ("search", {"query": "x", "path": "/a", "projects": ["/a"]}, "exclude"),
        ("search", {"query": "x", "deadline_ms": -1}, "deadline_ms"),
        ("wait", {"clock": "yesterday"}, "clock"),
    ],
)
def test_bad_params_name_the_member(harness: Harness, method: str, params: dict, word: str) -> None:
    error = refused(harness, method, **params)
    assert error.name == "E_BAD_PARAMS"
    assert word in error.message


def test_register_opens_the_project_once(harness: Harness, root: Path) -> None:
    first = harness.ask("register", path=str(root), name="the shop")
    assert first["created"] is True
    assert (first["project"], first["name"], first["covered_by"]) == (str(root), "the shop", None)
    again = harness.ask("register", path=f"{root}/sub/..")
    assert (again["created"], again["name"]) == (False, "the shop")
    wait_until(lambda: harness.status_of(root)["state"] == "ready")
    opened = [m.spec.root for m in harness.indexer.received if isinstance(m, OpenProject)]
    assert opened == [str(root)]


def test_a_folder_in_a_registered_one_is_covered_unless_forced(harness: Harness, root: Path) -> None:
    harness.ask("register", path=str(root))
    covered = harness.ask("register", path=f"{root}/sub")
    assert (covered["created"], covered["project"], covered["covered_by"]) == (False, str(root), str(root))
    forced = harness.ask("register", path=f"{root}/sub", force=True)
    assert (forced["created"], forced["project"]) == (True, f"{root}/sub")


def test_bad_roots_are_refused(harness: Harness, root: Path) -> None:
    assert refused(harness, "register", path="/").name == "E_BAD_ROOT"
    assert refused(harness, "register", path=f"{root}/missing").name == "E_BAD_ROOT"


def test_unregister_forgets_and_deletes(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    assert refused(harness, "unregister", path=f"{root}/sub").name == "E_NOT_REGISTERED"
    assert harness.ask("unregister", path=str(root)) == {"project": str(root), "removed": True}
    assert harness.ask("projects")["projects"] == []
    wait_until(lambda: CloseProject(project_id, delete=True) in harness.indexer.received)
    assert refused(harness, "search", query="x", path=str(root)).name == "E_NOT_REGISTERED"
    assert refused(harness, "unregister", path=str(root)).name == "E_NOT_REGISTERED"


def test_unregister_without_an_indexer_deletes_the_index_itself(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    index = Path(harness.settings.cache_dir, "projects", project_id)
    assert index.exists()
    harness.behaviour.spawn_fails = True
    harness.indexer.die()
    wait_until(lambda: harness.ask("status")["indexer"]["state"] == "restarting")
    harness.ask("unregister", path=str(root))
    assert not index.exists()


def test_projects_and_status_tell_what_the_indexer_reported(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    degraded = Degraded(name="watch_limit", message="no watches left", hint="raise it")
    harness.indexer.report(project_id, pending=7, degraded=[degraded])
    wait_until(lambda: harness.status_of(root)["pending"] == 7)
    status = harness.ask("status")
    project = status["projects"][0]
    assert project["clock"] == "c:00000001:1"
    assert (project["files"], project["chunks"], project["generation"]) == (1, 1, 1)
    assert project["degraded"][0]["name"] == "watch_limit"
    assert project["indexed_at"].endswith("Z")
    assert status["indexer"]["state"] == "running"
    assert (status["indexer"]["pid"], status["indexer"]["watches"]) == (harness.indexer.pid, 3)
    assert status["rss_bytes"] > status["mapped_bytes"] > 1_000_000
    assert status["query_cache"] == {"entries": 1, "bytes": 20, "max_bytes": 100, "hits": 3, "misses": 1}
    assert status["socket"] == harness.path
    assert status["clients"] >= 1


def test_search_finds_the_project_and_the_prefix(harness: Harness, root: Path) -> None:
    harness.project(root)
    reply = harness.ask("search", query="a thing", path=f"{root}/sub/deep", top=3)
    assert (reply["stale"], reply["total"], reply["clock"]) == (False, 1, "c:00000001:1")
    assert reply["results"][0]["hits"][0]["path"] == "a.py"
    targets, queries, options = harness.engine.calls[-1]
    assert (targets[0].root, targets[0].prefix) == (str(root), "sub/deep/")
    assert (queries, options.top) == (["a thing"], 3)
    harness.ask("search", query="x", path=str(root))
    assert harness.engine.calls[-1][0][0].prefix == ""


def test_many_queries_over_all_or_named_projects(harness: Harness, root: Path, xdg: Xdg) -> None:
    other = xdg.home / "other"
    other.mkdir()
    harness.project(root)
    harness.project(other)
    reply = harness.ask("search", queries=["one", "two"])
    assert [result["query"] for result in reply["results"]] == ["one", "two"]
    assert (reply["generation"], reply["clock"], len(reply["projects"])) == (None, None, 2)
    reply = harness.ask("search", query="one", projects=[str(other)])
    assert [project["project"] for project in reply["projects"]] == [str(other)]
    assert refused(harness, "search", query="x", projects=[f"{other}/sub"]).name == "E_NOT_REGISTERED"
    assert harness.ask("search", query="one", projects=[])["total"] == 0


def test_a_search_without_any_project_is_empty_and_says_what_to_do(harness: Harness) -> None:
    reply = harness.ask("search", query="x")
    assert reply["total"] == 0
    assert "vexorctl add" in reply["notes"][0]


def test_a_search_registers_the_enclosing_git_root(harness: Harness, root: Path) -> None:
    (root / ".git").mkdir()
    assert refused(harness, "search", query="x", path=f"{root}/sub").name == "E_NOT_REGISTERED"
    reply = harness.ask("search", query="x", path=f"{root}/sub", register=True, first_index_ms=5_000)
    assert (reply["registered"], reply["stale"], reply["total"]) == (str(root), False, 1)
    assert str(root) in reply["notes"][0]
    assert harness.engine.calls[-1][0][0].prefix == "sub/"
    assert harness.indexer.syncs[-1].limit_ms > 4_000
    again = harness.ask("search", query="x", path=f"{root}/sub", register=True, first_index_ms=5_000)
    assert (again["registered"], len(harness.indexer.syncs)) == (None, 1)


def test_a_folder_of_which_nothing_is_indexed_yet_is_waited_for(harness: Harness, root: Path) -> None:
    harness.behaviour.ready = False
    harness.behaviour.on_sync = None
    harness.ask("register", path=str(root))
    limits = {"fresh_ms": 100, "first_index_ms": 9_000}
    with harness.asker() as asker:
        asker.send("search", query="x", path=str(root), **limits)
        wait_until(lambda: len(harness.indexer.syncs) == 1)
        (sync,) = harness.indexer.syncs
        assert sync.limit_ms > 8_000
        harness.indexer.publish(sync.id)
        harness.indexer.answer(sync)
        assert asker.receive().unwrap()["total"] == 1
    harness.behaviour.on_sync = answer_fresh
    harness.ask("search", query="x", path=str(root), **limits)
    assert harness.indexer.syncs[-1].limit_ms <= 100, "what is there answers now"


def test_a_first_index_under_way_gives_no_hits_and_says_so(harness: Harness, root: Path) -> None:
    harness.behaviour.ready = False
    harness.ask("register", path=str(root))
    project = harness.registry.find(str(root))
    assert project is not None
    progress = Progress(
        phase="indexing", files_done=1, files_total=2, bytes_done=42, bytes_total=100, chunks_done=3,
        elapsed_s=1.0, eta_s=12.0,
    )  # fmt: skip
    wait_until(lambda: harness.status_of(root)["state"] == "indexing")
    harness.indexer.report(project.id, "indexing", pending=5, progress=progress)
    wait_until(lambda: harness.status_of(root)["progress"] is not None)
    reply = harness.ask("search", query="x", path=str(root))
    assert (reply["total"], reply["stale"]) == (0, True)
    assert "indexing" in reply["projects"][0]["reasons"]
    assert "42 % done" in reply["notes"][0]
    assert "5 files" in reply["notes"][0]
    assert harness.engine.calls == []


def test_a_folder_searched_in_during_a_first_index_is_told_to_the_indexer(
    harness: Harness, root: Path
) -> None:
    harness.behaviour.ready = False
    (root / "sub" / "deep").mkdir(parents=True, exist_ok=True)
    harness.ask("register", path=str(root))
    wait_until(lambda: harness.status_of(root)["state"] == "indexing")
    project = harness.registry.find(str(root))
    assert project is not None
    harness.ask("search", query="x", path=str(root))
    harness.ask("search", query="x", path=f"{root}/sub/deep")
    harness.indexer.report(project.id)
    wait_until(lambda: harness.status_of(root)["state"] == "ready")
    harness.ask("search", query="x", path=f"{root}/sub/deep")
    harness.ask("reindex", path=str(root))
    wait_until(lambda: isinstance(harness.indexer.received[-1], Reindex))
    preferred = [message for message in harness.indexer.received if isinstance(message, Prefer)]
    assert preferred == [Prefer(project.id, "sub/deep")]


def test_without_proof_an_answer_is_stale_if_anything_is_known_to_lag(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    assert harness.ask("search", query="x", path=str(root))["stale"] is False
    harness.indexer.report(project_id, pending=2)
    wait_until(lambda: harness.status_of(root)["pending"] == 2)
    reply = harness.ask("search", query="x", path=str(root))
    assert (reply["stale"], reply["projects"][0]["reasons"]) == (True, ["pending"])
    harness.indexer.report(project_id, degraded=[Degraded(name="no_events", message="m", hint="h")])
    wait_until(lambda: harness.status_of(root)["degraded"])
    reply = harness.ask("search", query="x", path=str(root))
    assert (reply["stale"], reply["projects"][0]["reasons"]) == (True, ["no_events"])
    assert any("no_events" in note for note in reply["notes"])


def test_a_rendered_reply_holds_no_results(harness: Harness, root: Path) -> None:
    harness.project(root)
    reply = harness.ask("search", query="x", path=str(root), render={"format": "porcelain"})
    assert reply["results"] == []
    assert reply["total"] == 1
    assert "a.py" in reply["rendered"]


def test_errors_of_the_engine_reach_the_client_by_name(harness: Harness, root: Path) -> None:
    harness.project(root)
    harness.engine.error = ProtocolError(MODEL, "another model", "reindex")
    error = refused(harness, "search", query="x", path=str(root))
    assert (error.name, error.hint) == ("E_MODEL", "reindex")


def test_an_unexpected_error_is_logged_and_not_shown(
    harness: Harness, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    harness.project(root)
    harness.engine.error = RuntimeError("secret detail")
    error = refused(harness, "search", query="x", path=str(root))
    assert error.name == "E_INTERNAL"
    assert "secret" not in error.message + error.hint
    assert "secret detail" in caplog.text
    harness.engine.error = None
    assert harness.ask("search", query="x", path=str(root))["total"] == 1


def test_an_expired_request_is_not_worked_on(harness: Harness, root: Path) -> None:
    harness.project(root)
    assert refused(harness, "search", query="x", path=str(root), deadline_ms=0).name == "E_DEADLINE"
    assert harness.engine.calls == []


def test_a_path_that_is_not_utf8_survives_both_directions(harness: Harness, xdg: Xdg) -> None:
    folder = os.fsencode(xdg.home) + b"/plain"
    os.makedirs(folder + b"/bad\xff")
    harness.project(os.fsdecode(folder))
    harness.engine.path = "bad\udcff/x.py"
    reply = harness.ask("search", query="bad \udcff query", path=os.fsdecode(folder + b"/bad\xff"))
    assert harness.engine.calls[-1][0][0].prefix == "bad\udcff/"
    assert reply["results"][0]["hits"][0]["path"] == "bad\udcff/x.py"
    harness.engine.calls[-1][1][0].encode()  # the model gets text


def test_reindex_is_passed_on(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    reply = harness.ask("reindex", path=f"{root}/sub", full=True)
    assert reply == {"project": str(root), "clock": "c:00000001:1"}
    wait_until(lambda: Reindex(project_id, full=True) in harness.indexer.received)
    assert refused(harness, "reindex", path="/nowhere").name == "E_NOT_REGISTERED"


def test_wait_ends_with_the_proof_and_asks_again_while_there_is_hope(harness: Harness, root: Path) -> None:
    harness.project(root)
    answers = [(False, ["pending"]), (True, [])]

    def answer(indexer: FakeIndexer, sync: Sync) -> None:
        fresh, reasons = answers.pop(0)
        indexer.answer(sync, fresh, reasons)

    harness.behaviour.on_sync = answer
    reply = harness.ask("wait", path=str(root), timeout_ms=5_000)
    assert (reply["reached"], answers) == (True, [])
    assert reply["projects"][0]["stale"] is False


def test_wait_gives_up_at_its_limit_and_at_once_if_there_is_no_hope(harness: Harness, root: Path) -> None:
    harness.project(root)
    harness.behaviour.on_sync = None
    reply = harness.ask("wait", timeout_ms=50)
    assert (reply["reached"], reply["projects"][0]["reasons"]) == (False, ["timeout"])
    harness.indexer.answer(harness.indexer.syncs[-1])
    harness.behaviour.on_sync = lambda indexer, sync: indexer.answer(sync, False, ["root_gone"])
    reply = harness.ask("wait", path=str(root), timeout_ms=60_000)
    assert (reply["reached"], reply["projects"][0]["reasons"]) == (False, ["root_gone"])
    assert harness.ask("unregister", path=str(root))["removed"]
    assert harness.ask("wait") == {"reached": True, "projects": []}


def test_wait_for_a_clock(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    assert harness.ask("wait", path=str(root), clock="c:00000001:1")["reached"] is True
    assert harness.ask("wait", path=str(root), clock="c:00000001:2", timeout_ms=50)["reached"] is False
    with harness.asker() as asker:
        asker.send("wait", path=str(root), clock="c:00000001:2")
        assert asker.silent()
        harness.indexer.publish(project_id)
        assert asker.receive().unwrap()["reached"] is True
    assert harness.ask("wait", path=str(root), clock="c:deadbeef:99")["reached"] is True
    harness.indexer.report(project_id, "indexing")
    wait_until(lambda: harness.status_of(root)["state"] == "indexing")
    assert harness.ask("wait", clock="c:deadbeef:99", timeout_ms=50)["reached"] is False


def test_subscribe_streams_until_cancelled(harness: Harness, root: Path) -> None:
    project_id = harness.project(root)
    with harness.client() as client:
        reply = client.request("subscribe", {"path": str(root)})
        assert reply == {"subscribed": True, "projects": [str(root)]}
        harness.indexer.publish(project_id, ["new.py"])
        event = client.event()
        assert (event["event"], event["project"], event["changed"]) == ("published", str(root), ["new.py"])
        assert event["clock"] == "c:00000001:2"
        harness.indexer.report(project_id, "root_gone")
        assert (client.event()["event"], harness.status_of(root)["state"]) == ("state", "root_gone")
        reply = client.request("subscribe", {"path": str(root), "cancel": True})
        assert reply == {"subscribed": False, "projects": []}
        harness.indexer.publish(project_id)
        assert client.request("hello")["protocol"] == 1
        assert not client.events


def test_a_subscription_to_all_holds_for_projects_to_come(harness: Harness, root: Path) -> None:
    with harness.client() as client:
        assert client.request("subscribe") == {"subscribed": True, "projects": []}
        harness.project(root)
        assert client.event()["project"] == str(root)


def test_a_req_socket_is_answered_with_its_envelope(harness: Harness) -> None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    with context.socket(zmq.REQ) as requester:
        requester.linger = 0
        requester.connect(f"ipc://{harness.path}")
        for _ in range(2):
            requester.send(b'{"jsonrpc":"2.0","id":1,"method":"hello"}')
            assert requester.poll(5_000)
            assert b'"result"' in requester.recv()
    context.term()


def test_shutdown_answers_and_stops(harness: Harness) -> None:
    assert harness.ask("shutdown") == {"stopping": True, "pid": os.getpid()}
    harness.join()
    assert not os.path.exists(harness.path)
    assert harness.indexer.exited.is_set()
