"""The command line of a search: what the hand-written parser takes, and what it leaves to argparse."""

import argparse
import json
import os
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest
from vexor_protocol import PROTOCOL_VERSION
from vexor_protocol.messages import MAX_FRESH_MS, MAX_HITS, MAX_LINE, SearchParams

from vexorctl import fast, query
from vexorctl.commands import COMMANDS
from vexorctl.commands import search as search_command
from vexorctl.main import command_parser, load
from vexorctl.query import Query, parse, request


def parsed(line: str) -> Query:
    found = parse(shlex.split(line))
    assert found is not None, line
    return found


def params(line: str) -> dict[str, Any]:
    """The request that a command line makes, after the daemon's own validation."""
    message = json.loads(request(parsed(line)))
    msgspec.convert(message["params"], SearchParams)
    assert (message["jsonrpc"], message["method"], message["id"]) == ("2.0", "search", 1)
    found: dict[str, Any] = message["params"]
    return found


def test_plain_words_make_a_fresh_search_of_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    found = params("where is it")
    assert found == {
        "v": PROTOCOL_VERSION, "query": "where is it", "top": 10, "fresh_ms": 1000, "first_index_ms": 30_000,
        "deadline_ms": 35_000, "path": str(tmp_path), "register": True,
        "render": {"format": "text", "width": 80, "base": str(tmp_path)},
    }  # fmt: skip


def test_every_option_reaches_the_request() -> None:
    found = params(
        "a -k 3 --fresh 50 -l python,go --lang c --kind function -g 'src/**' -g '{a,b}' --exclude t/ b"
        " --width 120 --color always --path /x"
    )
    assert found["query"] == "a b"
    assert (found["top"], found["fresh_ms"], found["path"]) == (3, 50, "/x")
    assert found["filters"] == {
        "paths": ["src/**", "{a,b}"], "exclude": ["t/"], "languages": ["python", "go", "c"],
        "kinds": ["function"],
    }  # fmt: skip
    assert (found["render"]["width"], found["render"]["color"]) == (120, True)


@pytest.mark.parametrize(
    ("line", "attribute", "value"),
    [
        ("--top=5 a", "top", 5),
        ("-k5 a", "top", 5),
        ("-lrust a", "languages", ["rust"]),
        ("--no-fresh a", "fresh_ms", 0),
        ("--json a", "format", "jsonl"),
        ("--porcelain a", "format", "porcelain"),
        ("--porcelain-z a", "format", "porcelain-z"),
        ("--all a", "everywhere", True),
        ("--no-spawn a", "spawn", False),
        ("--explain a", "explain", True),
        ("--no-cache a", "no_cache", True),
        ("--format json a", "format", "jsonl"),
        ("--format=vexor-porcelain-z a", "format", "vexor-porcelain-z"),
        ("-F a", "syntax", "literal"),
        ("--literal a", "syntax", "literal"),
        ("--text a", "syntax", "text"),
        ("-- --json -k", "words", "--json -k"),
        ("a - b", "words", "a - b"),
    ],
)
def test_forms_of_options(line: str, attribute: str, value: object) -> None:
    assert getattr(parsed(line), attribute) == value


@pytest.mark.parametrize(
    "line",
    [
        "", "''", "' '", "-k", "-k 0 a", "-k 1001 a", "-k x a", "-k -3 a", "-k ² a", "--fresh 600001 a",
        "--width 5 a", "--bogus a", "-x a", "--help", "-h a", "--color maybe a", "--all --path /x a",
        "--json=1 a", "--path= a", "a --path", '--format rich","x":" a',
    ],
)  # fmt: skip
def test_whatever_is_odd_is_left_to_argparse(line: str) -> None:
    assert parse(shlex.split(line)) is None


def test_all_projects_are_searched_without_path_and_registration() -> None:
    assert params("a --all").keys().isdisjoint({"path", "register", "first_index_ms"})


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert params("a --path sub/dir")["path"] == f"{tmp_path}/sub/dir"


def test_the_formats_of_vexor_are_told_which_folder_was_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert params("a --format vexor-json --path sub")["render"] == {
        "format": "vexor-json", "base": f"{tmp_path}/sub",
    }  # fmt: skip
    assert params("a --format vexor-json --all")["render"] == {"format": "vexor-json"}


def test_text_of_any_kind_survives() -> None:
    words = 'quote " back \\ tab\t ünïcode 😀 \udce9'
    message = json.loads(request(Query(words)))
    assert message["params"]["query"] == words


def test_a_working_folder_that_is_not_utf8_is_sent_with_surrogates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    monkeypatch.chdir(os.fsdecode(folder))
    frame = request(Query("a"))
    assert b"caf\\udce9" in frame
    assert os.fsencode(json.loads(frame)["params"]["path"]) == folder


def test_limits_are_those_of_the_protocol() -> None:
    assert (query.MAX_MS, query.MAX_TOP, query.PROTOCOL_VERSION) == (MAX_FRESH_MS, MAX_HITS, PROTOCOL_VERSION)
    assert query.MAX_LINE == MAX_LINE


def test_argparse_knows_the_same_options_and_defaults() -> None:
    parser = command_parser("search", load("search"))
    flags = {flag for action in parser._actions for flag in action.option_strings} - {"-h", "--help"}
    assert flags - {"--batch"} == query._VALUED.keys() | query._PLAIN.keys()
    assert parse(["--batch", "FILE"]) is None  # reading files is off the fast road


@pytest.mark.parametrize(
    "line",
    [
        "a b",
        "-k 7 a -l c,go --json",
        "--no-fresh a --all --explain --no-cache -F",
        "a --text",
        "--path /x -g *.py --kind method a --width 33",
        "-- -a",
    ],
)
def test_both_parsers_read_a_line_alike(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Query] = []
    monkeypatch.setattr(fast, "search", seen.append)
    parser = command_parser("search", load("search"))
    search_command.run(parser.parse_args(shlex.split(line)))
    assert vars(seen[0]) == vars(parsed(line))


def test_the_first_word_decides_between_command_and_query() -> None:
    assert not any(fast.is_search([name]) for name in COMMANDS if name != "search")
    assert not any(fast.is_search(line) for line in ([], ["--help"], ["-h"], ["help"], ["--version"]))
    assert fast.is_search(["search"])
    assert fast.is_search(["list files"])
    assert fast.is_search(["-k", "3", "x"])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_a_parser(name: str) -> None:
    module = load(name)
    assert module.HELP and not module.HELP.endswith(".")
    parser = command_parser(name, module)
    assert isinstance(parser, argparse.ArgumentParser)
    assert f"vexorctl {name}" in parser.format_help()


def related(line: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The request that `vexorctl related` makes, after the daemon's own validation."""
    seen: list[Query] = []
    monkeypatch.setattr(fast, "search", seen.append)
    module = load("related")
    module.run(command_parser("related", module).parse_args(shlex.split(line)))
    found: dict[str, Any] = json.loads(request(seen[0]))["params"]
    msgspec.convert(found, SearchParams)
    return found


def test_a_place_is_a_file_and_perhaps_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.py", "odd:3"):
        (tmp_path / name).write_text("x")
    path = str(tmp_path / "a.py")
    assert related("a.py", monkeypatch)["like"] == {"path": path}
    for place in ("a.py:7", "a.py:7:", "a.py:7:2", f"{path}:7", "./a.py:7:2:"):
        assert related(place, monkeypatch)["like"] == {"path": path, "line": 7}
    assert related("odd:3", monkeypatch)["like"] == {"path": str(tmp_path / "odd:3")}
    assert related("odd:3:4", monkeypatch)["like"] == {"path": str(tmp_path / "odd:3"), "line": 4}


def test_related_takes_the_options_of_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text("x")
    found = related("a.py --all -k 3 -l go --explain --json", monkeypatch)
    assert (found["top"], found["filters"], found["explain"]) == (3, {"languages": ["go"]}, True)
    assert "query" not in found and "path" not in found
    assert related("a.py", monkeypatch)["path"] == str(tmp_path)
