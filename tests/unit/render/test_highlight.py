import pytest

from vexord.index.terms import query_terms
from vexord.render.highlight import Highlighter


@pytest.mark.parametrize(
    ("query", "line", "marked"),
    [
        ("bind socket", "self._socket.bind(SOCKET)", ["socket", "bind", "SOCKET"]),
        ("bind", "combined rebind bindAll unbind_all", ["bind"]),
        ("socket", "openSocket HTTPSocket socket2 zmq_socket", ["Socket", "Socket", "socket", "socket"]),
        ("query", "queries = [query]", ["queries", "query"]),
        ("box", "boxes boxesOf boxer", ["boxes", "boxes"]),
        ("index", "indexer reindex", ["index"]),
        ("log", "login log log_file logs", ["log", "log", "logs"]),
        ("checkFolder", "checkFolder(folder)", ["checkFolder", "folder"]),
        ("検索", "全文検索する", ["検索"]),
        ("naïve", "un naïve", ["naïve"]),
        ("a.b*c", "a.b*c", ["b", "c"]),
        ("where is the", "nothing", []),
    ],
)
def test_words_are_marked_where_they_begin_a_word_or_a_part(query: str, line: str, marked: list[str]) -> None:
    spans = Highlighter(query_terms(query)).spans(line)
    assert [line[start:end] for start, end in spans] == marked


def test_no_terms_mark_nothing() -> None:
    assert Highlighter([]).spans("anything") == []


def test_a_huge_query_on_a_huge_line_stays_quick() -> None:
    terms = [f"term{number}" for number in range(5_000)]
    assert len(Highlighter(terms).spans("term1 " * 3_000)) == 3_000
