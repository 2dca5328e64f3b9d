"""Names that do not exist: the nearest ones are looked up, and the answer says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searchable import Searchable
from vexor_protocol.messages import Correction, Filters

from vexord.search.distance import edit_distance
from vexord.search.names import NameTable

CONFIG = "def parse_config(path):\n    return path\n\n\ndef parse_header(line):\n    return line\n"
SERVER = """class HTTPServer:
    pass


def bind_socket():
    return 1


def setsockopt():
    return 2
"""
FILES = {"config.py": CONFIG, "server.py": SERVER, "guide.md": "# Parse Confetti\n\nSome words.\n"}


@pytest.fixture
def search(tmp_path: Path) -> Searchable:
    return Searchable(tmp_path, FILES)


@pytest.mark.parametrize(
    ("typed", "meant", "path"),
    [
        ("parse_confg", "parse_config", "config.py"),
        ("prase_config", "parse_config", "config.py"),
        ("parseConfig", "parse_config", "config.py"),
        ("parsehaeder", "parse_header", "config.py"),
        ("PARSE_HEDER()", "parse_header", "config.py"),
        ("HttpSrever", "HTTPServer", "server.py"),
        ("parse_conf", "parse_config", "config.py"),
        ("sockopt", "setsockopt", "server.py"),
        ("bndsck", "bind_socket", "server.py"),
    ],
)
def test_the_nearest_name_is_looked_up_and_the_answer_says_so(
    search: Searchable, typed: str, meant: str, path: str
) -> None:
    answer = search.answer(typed)
    assert answer.query == typed
    assert answer.corrected == [Correction(written=typed.removesuffix("()"), names=[meant])]
    assert answer.hits[0].path == path
    assert meant in answer.notes[0]


@pytest.mark.parametrize(
    "typed",
    [
        "parse_config",
        "header",
        "HTTPServer.bind_socket",
        "how is a confg parsed",
        "words",
        "zzz",
        "completely_different",
        "config",
        "pathy",
    ],
)
def test_nothing_is_corrected_without_need_or_without_a_near_name(search: Searchable, typed: str) -> None:
    answer = search.answer(typed)
    assert answer.corrected == []
    assert answer.notes == []


def test_only_the_unknown_part_of_a_qualified_name_is_corrected(search: Searchable) -> None:
    answer = search.answer("HTTPServer.bind_sokcet")
    assert answer.corrected == [Correction(written="bind_sokcet", names=["bind_socket"])]
    assert answer.hits[0].path == "server.py"


def test_names_that_are_equally_near_are_all_looked_up(search: Searchable) -> None:
    search.add({"more.py": "def load_file():\n    return 1\n\n\ndef load_tile():\n    return 2\n"})
    (correction,) = search.answer("load_zile").corrected
    assert correction.names == ["load_file", "load_tile"]


def test_a_name_counts_only_while_a_live_file_has_it(search: Searchable) -> None:
    search.add({"old.py": "def parse_confix():\n    return 1\n"})
    assert search.answer("parse_confix").corrected == []
    search.add({}, removed=["old.py"])
    assert [c.names for c in search.answer("parse_confix").corrected] == [["parse_config"]]


def test_filters_and_other_syntaxes_are_kept(search: Searchable) -> None:
    assert search.answer("bind_sokcet", filters=Filters(paths=["config.py"])).corrected == []
    assert search.answer("bind_sokcet path:config").corrected == []
    assert search.answer("bind_sokcet", syntax="text").corrected == []
    assert search.answer("bind_sokcet", syntax="literal").corrected == []


def test_headings_are_no_names(search: Searchable) -> None:
    (view,) = (pool.view for pool in search.pools())
    table = NameTable(view.segment)
    assert [view.segment.strings[symbol] for _, symbol in table.near("parseconfeti")] == []


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "acb", 1),
        ("abc", "ab", 1),
        ("abc", "xbc", 1),
        ("abcd", "badc", 2),
    ],
)
def test_distances(one: str, other: str, distance: int) -> None:
    assert edit_distance(one.encode(), other.encode(), 2) == distance


def slow_distance(one: bytes, other: bytes) -> int:
    """The textbook's table, as a reference."""
    table = {(row, 0): row for row in range(len(one) + 1)} | {(0, col): col for col in range(len(other) + 1)}
    for row in range(1, len(one) + 1):
        for col in range(1, len(other) + 1):
            best = min(
                table[row - 1, col] + 1,
                table[row, col - 1] + 1,
                table[row - 1, col - 1] + (one[row - 1] != other[col - 1]),
            )
            if row > 1 and col > 1 and one[row - 1] == other[col - 2] and one[row - 2] == other[col - 1]:
                best = min(best, table[row - 2, col - 2] + 1)
            table[row, col] = best
    return table[len(one), len(other)]


LETTERS = st.binary(max_size=8).map(lambda raw: bytes(97 + byte % 3 for byte in raw))


@given(LETTERS, LETTERS, st.integers(0, 4))
def test_the_banded_distance_is_the_full_one_up_to_its_limit(one: bytes, other: bytes, limit: int) -> None:
    assert edit_distance(one, other, limit) == min(slow_distance(one, other), limit + 1)
