"""A small project with a bit of everything."""

from pathlib import Path

import pytest
from searchable import Searchable

from vexord.search import grep

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
FILES: dict[str, str | bytes] = {
    "src/server/listen.py": "def bind_socket(path):\n    '''Bind the listening socket.'''\n    return path\n",
    "src/server/close.py": "def shutdown(server):\n    server.close()\n",
    "src/cart/total.go": GO,
    "tests/test_listen.py": TEST,
    "docs/guide.md": "# Guide\n\n## Install\n\nRun the installer.\n\n## Sockets\n\nIt binds a socket.\n",
    "logo.png": b"\x89PNG\0\0binary",
}


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a quarter of a second may pass before a file is read."""
    monkeypatch.setattr(grep, "MAX_SECONDS", 30.0)


@pytest.fixture
def search(tmp_path: Path) -> Searchable:
    return Searchable(tmp_path, FILES)
