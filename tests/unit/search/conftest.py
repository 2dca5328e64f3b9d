"""A small project, indexed for real, and a function that searches it."""

from collections.abc import Callable
from pathlib import Path

import pytest
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

    def ask(
        query: str, prefix: str = "", top: int = 10, explain: bool = False, **filters: list[str]
    ) -> list[Hit]:
        target = Target(str(root), str(root), snapshot, prefix)
        (result,) = engine.search([target], [query], SearchOptions(top, Filters(**filters), explain))
        return result.hits

    return ask
