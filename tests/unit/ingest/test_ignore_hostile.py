"""Rule files of a stranger: they cost time in proportion to their size, and never more."""

import logging
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from vexord.ingest.ignore import gitdir
from vexord.ingest.ignore.glob import FILE_MARK, MAX_PATH_BYTES
from vexord.ingest.ignore.rules import IgnoreRules
from vexord.ingest.ignore.ruleset import LeftOut, RuleSet, parse_file

STARS = "*a" * 12 + "b"
"""Python's own engine tries every way to share the letters of `aaa…` among the stars: it never ends."""
SUBJECT = "a" * 200 + FILE_MARK


def rule_set(*lines: str) -> RuleSet:
    left_out = LeftOut()
    return RuleSet(parse_file("\n".join(lines).encode(), "x", left_out), left_out=left_out)


def ranges(count: int) -> str:
    """A pattern that is large as a regex."""
    return f"[{''.join(chr(33 + 2 * n) for n in range(40) if chr(33 + 2 * n) not in '[]-!/')}]" * count


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "beside", ["x" * 100_000, "[a-z]" * 20_000, ranges(700), "*a" * 2_000_000, "?" * 5_000]
)
def test_a_rule_that_is_too_large_does_not_bring_back_the_engine_of_exponential_time(beside: str) -> None:
    rules = rule_set(STARS, beside, "*.log")
    assert rules.match(SUBJECT) is None
    assert list(rules.may_match(b"", b"\0" + b"a" * 200 + b"\0")) in ([], [b"a" * 200])
    found = rules.match("x.log" + FILE_MARK)
    assert found is not None and found.reason.line == 3
    assert set(rules.left_out.places) <= {"x:2"}


def test_many_large_rules_all_hold(caplog: pytest.LogCaptureFixture) -> None:
    """One set of them is more than re2 takes: it would find nothing, and say nothing."""
    rules = rule_set(*(f"{number}{ranges(150)}" for number in range(100)), "*.log")
    for line in (0, 57, 99):
        found = rules.match(f"{line}{'#' * 150}" + FILE_MARK)
        assert found is not None and found.reason.line == line + 1
    assert rules.match("x.log" + FILE_MARK) is not None
    assert "left out" not in caplog.text


def test_a_pattern_longer_than_any_path_matches_nothing_and_one_as_long_does() -> None:
    assert rule_set("a" * (MAX_PATH_BYTES + 1)).match("a" * (MAX_PATH_BYTES + 1) + FILE_MARK) is None
    assert rule_set("a" * MAX_PATH_BYTES).match("a" * MAX_PATH_BYTES + FILE_MARK) is not None
    assert rule_set("*" * 9_000 + ".log").match("x.log" + FILE_MARK) is not None


def test_a_rule_file_that_is_too_large_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_tree(tmp_path, {".gitignore": "*.txt\n" * 300_000, "sub/.gitignore": "*.log\n"})
    with caplog.at_level(logging.WARNING):
        rules = IgnoreRules(str(tmp_path))
    assert rules.ignored("sub/a.log", is_dir=False)
    assert not rules.ignored("a.txt", is_dir=False)
    assert f"rule left out, its file is too large place='{tmp_path}/.gitignore'" in caplog.text
    assert rules.left_out() == [f"{tmp_path}/.gitignore"]


def test_a_configuration_that_includes_itself_is_read_a_bounded_number_of_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = "[include]\n" + "path = config\n" * 30 + "[core]\nexcludesFile = rules\n"
    make_tree(tmp_path, {".git/config": bomb})
    reads: list[str] = []
    read_rules = gitdir.read_rules
    monkeypatch.setattr(
        gitdir, "read_rules", lambda path, **how: reads.append(path) or read_rules(path, **how)
    )
    assert gitdir.excludes_file(str(tmp_path / ".git"), lambda _: None) == "rules"
    assert len(reads) <= 200
