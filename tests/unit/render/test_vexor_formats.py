"""The shapes of vexor 0.30, compared with what it really printed (`tests/data/vexor/search.*`)."""

import json
from pathlib import Path
from typing import Any

import pytest
from render_samples import make_hit, make_result, two_hits
from vexor_protocol.messages import RenderOptions, SearchResult

from vexord.render.search import render_search
from vexord.render.vexor import CONTENT_BUDGET, CONTENT_CHARS

DATA = Path(__file__).resolve().parents[2] / "data" / "vexor"


def rendered(result: SearchResult, format_: str, base: str | None = None) -> str:
    return render_search(result, RenderOptions(format=format_, base=base))  # type: ignore[arg-type]


def ours(result: SearchResult, base: str | None = None) -> dict[str, Any]:
    reply: dict[str, Any] = json.loads(rendered(result, "vexor-json", base))
    return reply


def shape(value: object) -> object:
    """Return the keys of objects in order; of a list, the shape of its items."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    return [shape(value[0])] if isinstance(value, list) else None


def test_json_has_the_keys_of_vexor_in_its_order() -> None:
    theirs = json.loads((DATA / "search.json").read_text())
    mine = ours(two_hits())
    assert json.dumps(shape(mine)) == json.dumps(shape(theirs))
    for name, value in mine["results"][0].items():
        if theirs["results"][1][name] is not None:
            assert type(value) is type(theirs["results"][1][name]), name


def test_json_says_what_the_hit_is() -> None:
    reply = ours(two_hits())
    assert (reply["path"], reply["stale"], reply["index_empty"]) == ("/home/me/vexord", False, False)
    first = reply["results"][0]
    assert (first["path"], first["absolute_path"]) == (
        "./server/router.py",
        "/home/me/vexord/server/router.py",
    )
    assert first["content"] == two_hits().results[0].hits[0].text
    assert (first["content_start_line"], first["content_truncated"], first["content_unavailable"]) == (
        41,
        False,
        None,
    )


def test_content_keeps_within_the_budget_best_first() -> None:
    hits = [make_hit(path=f"f{number}", text=f"{number}\n" * 1_500) for number in range(6)]
    reply = ours(make_result(("q", hits)))
    sizes = [len(hit["content"] or "") for hit in reply["results"]]
    assert sizes == [CONTENT_CHARS] * 4 + [0, 0]
    assert reply["content_budget"] == {"limit": CONTENT_BUDGET, "used": CONTENT_BUDGET}
    assert [hit["content_unavailable"] for hit in reply["results"]] == [None] * 4 + ["budget_exhausted"] * 2
    assert reply["results"][0]["content_truncated"]
    assert reply["results"][0]["content_end_line"] == 41 + 1_000


def test_a_file_known_by_name_has_no_lines() -> None:
    result = make_result(("q", [make_hit(kind="file", text="")]))
    (hit,) = ours(result)["results"]
    assert (hit["start_line"], hit["end_line"], hit["content"], hit["content_unavailable"]) == (
        None,
        None,
        None,
        "no_line_range",
    )
    assert rendered(result, "vexor-porcelain").split("\t")[4:] == ["-", "-", "-\n"]


def test_without_hits_json_still_has_its_shape_and_porcelain_is_empty() -> None:
    nothing = make_result(("q", []))
    assert ours(nothing)["results"] == []
    assert rendered(nothing, "vexor-porcelain") == rendered(nothing, "vexor-porcelain-z") == ""


def test_paths_are_relative_to_the_folder_that_was_searched(tmp_path: Path) -> None:
    hit = make_hit(project=str(tmp_path), path="sub/a.py")
    result = make_result(("q", [hit]), projects=(str(tmp_path),))
    assert ours(result, str(tmp_path / "sub"))["results"][0]["path"] == "./a.py"
    assert ours(result, str(tmp_path / "other" / ".." / "sub"))["path"] == str(tmp_path / "sub")
    assert ours(result, "/elsewhere")["results"][0]["path"] == f"{tmp_path}/sub/a.py"


@pytest.mark.parametrize("end", ["\n", "\0"])
def test_porcelain_has_as_many_fields_as_that_of_vexor(end: str) -> None:
    if end == "\n":
        theirs = [line.split("\t") for line in (DATA / "search.porcelain").read_text().splitlines()]
        mine = [line.split("\t") for line in rendered(two_hits(), "vexor-porcelain").splitlines()]
    else:  # each field is ended by NUL, seven are a hit
        theirs = [fields_of((DATA / "search.porcelain-z").read_text())]
        mine = [fields_of(rendered(two_hits(), "vexor-porcelain-z"))]
        assert len(theirs[0]) % 7 == 0 == len(mine[0]) % 7
    assert mine[0][:4] == ["1", "0.812", "./server/router.py", "0"]
    for field in (0, 1, 3, 4, 5):
        float(theirs[0][field])
        float(mine[0][field])
    if end == "\n":
        assert {len(fields) for fields in theirs} == {len(fields) for fields in mine} == {7}


def fields_of(text: str) -> list[str]:
    assert text.endswith("\0")
    return text.removesuffix("\0").split("\0")


def test_hostile_texts_cannot_add_fields() -> None:
    hit = make_hit(path="a\tb\nc", text="x\ty\0z\\w\r\n")
    (line,) = rendered(make_result(("q", [hit])), "vexor-porcelain").splitlines()
    assert line.split("\t")[2] == "./a\\tb\\nc"
    assert len(line.split("\t")) == 7
    assert len(fields_of(rendered(make_result(("q", [hit])), "vexor-porcelain-z"))) == 7
