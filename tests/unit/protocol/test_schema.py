import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from vexor_protocol import messages
from vexor_protocol.errors import ALL
from vexor_protocol.jsonl import HitLine, ReplyLine
from vexor_protocol.schema import SCHEMA_FOLDER, all_schemas, differences, encode, main

SCHEMAS = all_schemas()


def test_the_files_are_those_of_the_code() -> None:
    assert differences(SCHEMA_FOLDER) == [], "run: python -m vexor_protocol.schema"


def test_there_is_a_file_for_every_method() -> None:
    assert {f"{method}.json" for method in messages.METHODS} < set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_the_bytes_do_not_depend_on_hash_order() -> None:
    code = (
        "import sys; from vexor_protocol.schema import all_schemas, encode\n"
        "for schema in all_schemas().values(): sys.stdout.buffer.write(encode(schema))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert outputs == {b"".join(encode(schema) for schema in SCHEMAS.values())}


def test_check_fails_on_a_changed_a_missing_and_a_left_over_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--folder", str(tmp_path)]
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    (tmp_path / "search.json").write_text("{}")
    (tmp_path / "hello.json").unlink()
    (tmp_path / "old.json").write_text("{}")
    capsys.readouterr()
    assert main([*arguments, "--check"]) == 1
    named = [line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines()]
    assert named == ["hello.json", "old.json", "search.json"]
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "envelope.json",
            {"jsonrpc": "2.0", "id": 1, "method": "hello"},
            {"jsonrpc": "1.0", "id": 1, "method": "hello"},
        ),
        ("envelope.json", {"jsonrpc": "2.0", "id": None, "result": {}}, {"jsonrpc": "2.0", "result": {}}),
        (
            "envelope.json",
            {"jsonrpc": "2.0", "id": "a", "error": {"code": 1, "message": "m", "data": {"name": "E_NEW"}}},
            {"jsonrpc": "2.0", "id": "a", "error": {"code": 1, "message": "m"}},
        ),
        ("search.json", {"params": {"query": "x", "novel": 1}}, {"params": {"query": ""}}),
        ("wait.json", {"params": {}}, {"params": {"timeout_ms": -1}}),
        (
            "event.json",
            {"jsonrpc": "2.0", "method": "event", "params": {"event": "overrun", "project": None}},
            {"jsonrpc": "2.0", "method": "event", "params": {"event": "other", "project": None}},
        ),
    ],
)
def test_a_schema_accepts_the_good_and_refuses_the_bad(name: str, good: Any, bad: Any) -> None:
    check = Draft202012Validator(SCHEMAS[name])
    assert [error.message for error in check.iter_errors(good)] == []
    assert not check.is_valid(bad)


def test_json_lines_as_encoded_fit_their_schema() -> None:
    hit = HitLine(
        query="q", rank=1, path="a.py", project="/p", start_line=1, end_line=2, score=0.5, symbol=None,
        kind="text", language="python", parent=None, text="x", focus_line=None, more=[], explain=[],
        stale=False, generation=1, clock="c:00000000:1",
    )  # fmt: skip
    reply = ReplyLine(
        stale=False,
        generation=1,
        clock="c:0:1",
        hits=1,
        projects=[],
        registered=None,
        partial=False,
        corrected=[],
        notes=[],
        took_ms=1.5,
    )
    check = Draft202012Validator(SCHEMAS["jsonl.json"])
    for line in (hit, reply):
        check.validate(json.loads(msgspec.json.encode(line)))
    assert json.loads(msgspec.json.encode(hit))["type"] == "hit"
    assert json.loads(msgspec.json.encode(reply))["type"] == "reply"


def test_the_envelope_names_every_error() -> None:
    definitions = SCHEMAS["envelope.json"]["$defs"]
    assert set(definitions["ErrorData"]["properties"]["name"]["examples"]) == {kind.name for kind in ALL}
    assert set(definitions["ErrorObject"]["properties"]["code"]["examples"]) == {kind.code for kind in ALL}
