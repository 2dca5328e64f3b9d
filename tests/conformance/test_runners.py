"""The runners find what they should find: checked against a stub that is right or wrong on purpose."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from vexor_protocol.matching import matcher_names

from tests.conformance.runners import RUNNERS, run_vectors
from tests.conformance.stub_daemon import stub_daemon
from tests.support.node import node_client
from tests.support.trees import make_tree
from tests.support.xdg import Xdg

CASES = Path(__file__).resolve().parents[1] / "unit" / "protocol" / "matching_cases.json"


@pytest.fixture
def socket(xdg: Xdg) -> Iterator[Path]:
    path = xdg.runtime / "stub.sock"
    with stub_daemon(str(path)):
        yield path


def run_steps(
    runner: str, socket: Path, folder: Path, *steps: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    vector = json.dumps({"name": "v", "purpose": "a test", "steps": steps})
    make_tree(folder, {"v.json": vector, "fixture/a.txt": "a"})
    return run_vectors(runner, socket, "--vectors", str(folder))


def echo(params: object, request_id: object = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": "echo", "params": params}


def answer(result: object, request_id: object = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


EVENT = {"jsonrpc": "2.0", "method": "event", "params": {"n": 1}}

GOOD: dict[str, list[dict[str, Any]]] = {
    "reply": [{"send": echo({"a": [1]}), "expect": answer({"a": [{"$min": 1}]})}],
    "envelope": [{"send": echo({}), "envelope": True, "expect": answer({})}],
    "captured": [
        {"send": echo({"a": 7}), "expect": answer({"a": {"$capture": "x"}})},
        {"send": echo({"b": "${x}"}), "expect": answer({"b": 7})},
    ],
    "project folder": [{"send": echo({"p": "${project}"}), "expect": answer({"p": {"$regex": "/project$"}})}],
    "text": [{"send_text": "{", "expect": {"$subset": {"id": None, "error": {"$subset": {"code": -32700}}}}}],
    "hex": [{"send_hex": "ff00", "expect": {"$subset": {"id": None, "error": {"$any": True}}}}],
    "event": [{"send": EVENT, "expect_event": EVENT}, {"silent_ms": 50}],
    "event before reply": [
        {"send": {**EVENT, "id": 1}, "expect": answer({"n": 1}), "drop_events": True, "silent_ms": 50}
    ],
    "files": [{"write": {"path": "b/c.txt", "text": "x"}}, {"remove": "b/c.txt"}, {"remove": "a.txt"}],
}

BAD: dict[str, list[dict[str, Any]]] = {
    "value": [{"send": echo({"a": 1}), "expect": answer({"a": 2})}],
    "id": [{"send": echo({}), "expect": answer({}, "1")}],
    "envelope": [{"send": {**echo({}), "method": "junk"}, "expect": answer({"junk": True})}],
    "not silent": [{"send": echo({}), "silent_ms": 5_000}],
    "event left unread": [{"send": {**EVENT, "id": 1}, "expect": answer({"n": 1})}, {"silent_ms": 50}],
}


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_good_daemon_passes(runner: str, socket: Path, tmp_path: Path) -> None:
    steps = [step for steps in GOOD.values() for step in steps]
    result = run_steps(runner, socket, tmp_path, *steps)
    assert result.stdout == "ok   v\n1 passed, 0 failed\n", result.stderr
    assert result.returncode == 0


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("fault", BAD)
def test_a_wrong_answer_fails_and_names_the_step(
    runner: str, fault: str, socket: Path, tmp_path: Path
) -> None:
    result = run_steps(runner, socket, tmp_path, *BAD[fault])
    assert result.stdout.startswith(f"FAIL v: step {len(BAD[fault])}: "), result.stdout + result.stderr
    assert result.stdout.endswith("0 passed, 1 failed\n")
    assert result.returncode == 1


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_vector_with_an_unknown_step_key_is_an_error(runner: str, socket: Path, tmp_path: Path) -> None:
    result = run_steps(runner, socket, tmp_path, {"sned": 1})
    assert result.returncode not in (0, None)
    assert "sned" in result.stderr


@pytest.mark.parametrize("runner", RUNNERS)
def test_no_vectors_at_all_is_a_failure(runner: str, socket: Path, tmp_path: Path) -> None:
    result = run_vectors(runner, socket, "--vectors", str(tmp_path))
    assert result.stdout == "0 passed, 0 failed\n"
    assert result.returncode == 1


def test_the_node_matchers_agree_with_the_python_ones() -> None:
    script = """
import { readFileSync } from "node:fs";
import { match, matcherNames, MismatchError } from "./matching.mjs";
const verdicts = JSON.parse(readFileSync(process.argv[1])).map(({ pattern, value }) => {
  const captures = {};
  try {
    match(pattern, value, captures);
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    return { matches: false, captures: {} };
  }
  return { matches: true, captures };
});
console.log(JSON.stringify({ verdicts, names: matcherNames() }));
"""
    command = ["node", "--input-type=module", "-e", script, "--", str(CASES)]
    run = subprocess.run(command, cwd=node_client(), capture_output=True, text=True, timeout=30, check=False)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    assert answers["names"] == matcher_names()
    for case, verdict in zip(json.loads(CASES.read_text("utf-8")), answers["verdicts"], strict=True):
        assert verdict == {"matches": case["matches"], "captures": case.get("captures", {})}, case
