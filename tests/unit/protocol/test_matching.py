import json
from pathlib import Path
from typing import Any

import pytest
from vexor_protocol.matching import Captures, MismatchError, match, matcher_names, substitute

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "matching_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["pattern"]))
def test_a_pattern_matches_exactly_what_its_matchers_say(case: dict[str, Any]) -> None:
    captures: Captures = {}
    if not case["matches"]:
        with pytest.raises(MismatchError):
            match(case["pattern"], case["value"], captures)
        return
    match(case["pattern"], case["value"], captures)
    assert captures == case.get("captures", {})


def test_every_matcher_has_a_case_that_matches_and_one_that_does_not() -> None:
    for wanted in (True, False):
        used = {key for case in CASES if case["matches"] is wanted for key in _keys(case["pattern"])}
        never_fail = set() if wanted else {"$any", "$capture"}
        assert set(matcher_names()) - never_fail <= used


def test_a_mismatch_names_the_place() -> None:
    with pytest.raises(MismatchError, match=r"\$\.hits\[1\]\.path: wanted b, got 'c'"):
        match({"hits": [{"path": "a"}, {"path": "b"}]}, {"hits": [{"path": "a"}, {"path": "c"}]}, {})


def test_an_unknown_matcher_is_an_error_of_the_vector_not_of_the_daemon() -> None:
    with pytest.raises(ValueError, match=r"\$regexp"):
        match({"$regexp": "a"}, "a", {})


def test_placeholders_are_replaced_inside_text_and_keep_their_type_alone() -> None:
    captures: Captures = {"n": 7, "dir": "/tmp/x"}
    assert substitute({"a": ["${n}", "${dir}/y", 1]}, captures) == {"a": [7, "/tmp/x/y", 1]}


def test_a_placeholder_that_was_never_captured_is_an_error() -> None:
    with pytest.raises(KeyError):
        substitute("${missing}", {})


def _keys(pattern: object) -> set[str]:
    if isinstance(pattern, dict):
        return {key for key in pattern if key.startswith("$")} | {
            k for v in pattern.values() for k in _keys(v)
        }
    return {key for item in pattern for key in _keys(item)} if isinstance(pattern, list) else set()
