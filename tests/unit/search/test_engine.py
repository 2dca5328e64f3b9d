"""The search road over a real index on disk."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from vexor_protocol.errors import ProtocolError
from vexor_protocol.messages import Filters, Hit

from vexord.embed.default import default_embedder
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter
from vexord.ingest.pipeline import Pipeline
from vexord.search.engine import Engine, SearchOptions, Target

GO = """package cart

// Total adds up the prices of a cart.
func Total(prices []int) int {
	sum := 0
	for _, p := range prices {
		sum += p
	}
	return sum
}
"""
TEST = """from listen import bind_socket


def test_bind_socket():
    assert bind_socket(1)
"""
FILES = {
    "src/server/listen.py": "def bind_socket(path):\n    '''Bind the listening socket.'''\n    return path\n",
    "src/server/close.py": "def shutdown(server):\n    server.close()\n",
    "src/cart/total.go": GO,
    "tests/test_listen.py": TEST,
    "docs/guide.md": "# Guide\n\n## Install\n\nRun the installer.\n\n## Sockets\n\nIt binds a socket.\n",
    "logo.png": "\x89PNG\0\0binary",
}
Search = Callable[..., list[Hit]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    return root


@pytest.fixture
def search(root: Path, tmp_path: Path) -> Search:
    embedder = default_embedder(1)
    writer = IndexWriter.open(str(tmp_path / "index"), embedder.fingerprint)
    writer.commit(Pipeline(str(root), writer, embedder).run(FILES).upserts, [])
    writer.close()
    snapshot = Snapshot.open(str(tmp_path / "index"))
    engine = Engine()

    def ask(query: str, prefix: str = "", top: int = 10, **filters: list[str]) -> list[Hit]:
        target = Target(str(root), str(root), snapshot, prefix)
        (result,) = engine.search([target], [query], SearchOptions(top, Filters(**filters)))
        return result.hits

    return ask


def test_a_question_finds_the_definition_before_its_test(search: Search) -> None:
    hits = search("where do we bind the socket")
    assert hits[0].path == "src/server/listen.py"
    assert (hits[0].symbol, hits[0].kind, hits[0].language) == ("bind_socket", "function", "python")
    assert (hits[0].start_line, hits[0].end_line, hits[0].focus_line) == (1, 3, 1)


def test_a_symbol_finds_its_definition(search: Search) -> None:
    assert search("bind_socket")[0].path == "src/server/listen.py"
    assert search("Total")[0].path == "src/cart/total.go"


def test_a_name_beats_files_that_hold_only_its_parts(search: Search) -> None:
    assert search("test_bind_socket")[0].path == "tests/test_listen.py"


def test_a_binary_file_is_found_by_name(search: Search) -> None:
    hit = search("logo png")[0]
    assert (hit.path, hit.kind, hit.text) == ("logo.png", "binary", "")


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"languages": ["Go"]}, {"src/cart/total.go"}),
        ({"languages": ["go", "markdown"]}, {"src/cart/total.go", "docs/guide.md"}),
        ({"kinds": ["section"]}, {"docs/guide.md"}),
        ({"paths": ["src/server/"]}, {"src/server/listen.py", "src/server/close.py"}),
        ({"paths": ["*.py"], "exclude": ["tests/"]}, {"src/server/listen.py", "src/server/close.py"}),
        ({"prefix": "docs/"}, {"docs/guide.md"}),
        ({"prefix": "src/cart/", "languages": ["python"]}, set()),
    ],
)
def test_filters_leave_all_that_they_allow_and_nothing_else(
    search: Search, filters: dict[str, list[str]], allowed: set[str]
) -> None:
    assert {hit.path for hit in search("socket server total sum guide install", **filters)} == allowed


def test_an_unknown_kind_is_refused_with_the_known_ones(search: Search) -> None:
    with pytest.raises(ProtocolError) as caught:
        search("x", kinds=["functoin"])
    assert "functoin" in caught.value.message
    assert "function" in caught.value.hint


def test_text_that_changed_after_indexing_is_not_shown(search: Search, root: Path) -> None:
    (root / "src/server/listen.py").write_text("def other(path):\n    return 'not what was indexed'\n")
    assert "src/server/listen.py" not in {hit.path for hit in search("bind the listening socket")}
    (root / "src/server/close.py").unlink()
    os.mkfifo(root / "src/server/close.py")
    assert "src/server/close.py" not in {hit.path for hit in search("shutdown server close")}


def test_a_query_without_words_has_no_hits(search: Search) -> None:
    assert search("???") == []


def test_no_more_hits_than_asked_for(search: Search) -> None:
    assert len(search("socket server total guide", top=2)) == 2
