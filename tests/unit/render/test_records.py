import json
import os

import msgspec
import pytest
from render_samples import make_hit, make_result, two_hits
from vexor_protocol.messages import Hit, ProjectFreshness, RenderOptions, SearchResult

from vexord.render.search import render_search


def porcelain(result: SearchResult, end: str = "\n") -> list[list[str]]:
    out = render_search(result, RenderOptions(format="porcelain" if end == "\n" else "porcelain-z"))
    assert out.endswith(end)
    return [record.split("\t") for record in out.removesuffix(end).split(end)]


def jsonl(result: SearchResult) -> list[dict[str, object]]:
    out = render_search(result, RenderOptions(format="jsonl"))
    assert out.isascii()
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("end", ["\n", "\0"])
def test_porcelain_has_the_peer_s_seven_columns(end: str) -> None:
    first, second = porcelain(two_hits(), end)
    assert first[:6] == ["1", "0.8125", "server/router.py", "0", "41", "52"]
    assert first[6].startswith('def bind(self, path: str) -> None: """Bind the router socket; the folder')
    assert len(first[6]) == 160
    assert second == [
        "2",
        "0.8125",
        "docs/guide.md",
        "0",
        "9",
        "10",
        "The daemon listens on one socket. It is bound once.",
    ]


def test_hostile_names_and_texts_cannot_add_columns_or_records() -> None:
    hit = make_hit(path="a\tb\nc\x1b" + os.fsdecode(b"\xe9"), text="x\ty\r\n\0z\x1b[31m\x85w\u2028v")
    for end in ("\n", "\0"):
        assert porcelain(make_result(("q", [hit])), end) == [
            ["1", "0.8125", "a\\tb\\nc␛\\xe9", "0", "41", "52", "x y ␀z␛[31m w v"]
        ]


def test_a_file_without_lines_has_dashes() -> None:
    assert porcelain(make_result(("q", [make_hit(kind="binary", text="")])))[0][4:] == ["-", "-", ""]


def test_porcelain_without_hits_is_empty() -> None:
    assert render_search(make_result(("q", [])), RenderOptions(format="porcelain")) == ""
    assert render_search(make_result(("q", [])), RenderOptions(format="porcelain-z")) == ""


def test_jsonl_hits_come_back_as_they_were() -> None:
    *hits, reply = jsonl(two_hits())
    assert [msgspec.convert(hit, Hit) for hit in hits] == two_hits().results[0].hits
    for rank, hit in enumerate(hits, 1):
        extra = {key: hit[key] for key in ("type", "query", "rank", "stale", "generation", "clock")}
        assert extra == {
            "type": "hit",
            "query": "where do we bind the socket",
            "rank": rank,
            "stale": False,
            "generation": 7,
            "clock": "c:0a1b2c3d:4",
        }
    assert msgspec.convert(reply["projects"], list[ProjectFreshness]) == two_hits().projects
    assert {
        key: reply[key] for key in ("type", "stale", "generation", "clock", "hits", "registered", "notes")
    } == {
        "type": "reply",
        "stale": False,
        "generation": 7,
        "clock": "c:0a1b2c3d:4",
        "hits": 2,
        "registered": None,
        "notes": [],
    }
    assert reply["took_ms"] == 1.25


def test_jsonl_always_ends_with_the_reply() -> None:
    (reply,) = jsonl(make_result(("q", [])))
    assert (reply["type"], reply["hits"]) == ("reply", 0)


def test_jsonl_numbers_each_query_s_hits_anew() -> None:
    lines = jsonl(make_result(("q", [make_hit(), make_hit(path="b")]), ("r", [make_hit()])))
    assert [(line["query"], line["rank"]) for line in lines[:-1]] == [("q", 1), ("q", 2), ("r", 1)]
    assert (lines[-1]["hits"], lines[-1]["took_ms"]) == (3, 2.5)


def test_a_jsonl_hit_carries_the_freshness_of_its_own_project() -> None:
    hits = [make_hit(), make_hit(project="/srv/flask")]
    result = make_result(("q", hits), projects=("/home/me/vexord", "/srv/flask"))
    first, second, _ = jsonl(result)
    assert (first["stale"], first["generation"], first["clock"]) == (False, 7, "c:0a1b2c3d:4")
    assert (second["stale"], second["generation"], second["clock"]) == (True, 8, "c:0a1b2c3d:5")


def test_jsonl_keeps_bytes_that_are_not_utf8() -> None:
    raw = b"caf\xe9.py"
    first, _ = jsonl(make_result(("q", [make_hit(path=os.fsdecode(raw), text="\ud800\u2028")])))
    assert os.fsencode(str(first["path"])) == raw
    assert first["text"] == "\ud800\u2028"
