"""Short questions to a daemon of one project."""

from pathlib import Path
from typing import Any

from tests.support.daemon import Daemon


def finds(daemon: Daemon, root: Path, word: str) -> list[str]:
    """Paths of the hits of a fresh answer whose text holds the word."""
    reply = daemon.search(word, path=str(root), top=50)
    assert reply["stale"] is False, reply["projects"]
    return sorted(hit["path"] for hit in reply["results"][0]["hits"] if word in hit["text"])


def status(daemon: Daemon) -> dict[str, Any]:
    """What `status` says of the first project."""
    found: dict[str, Any] = daemon.request("status")["projects"][0]
    return found
