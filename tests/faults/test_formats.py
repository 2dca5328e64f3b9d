"""What an upgrade keeps: indexes that the code of earlier days wrote, its registrations, its paid rows.

`tests/data/formats/N.tar.xz` holds cache, state, data and home of a daemon of the last commit with format N.
"""

import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from vexor_protocol.wire import ReplyError

from tests.conftest import StartDaemon
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.embed.cache import EmbeddingCache
from vexord.embed.seam import Fingerprint
from vexord.index.sealed import FORMAT

FORMATS = Path(__file__).parents[1] / "data" / "formats"
PAID = Fingerprint(
    provider="openai", endpoint="https://api.openai.com/v1", model="paid", dimensions=4, chunker=1
)


def unpacked(xdg: Xdg, number: int) -> Path:
    """Lay out what a daemon of those days left; return the folder that is registered, which is ours now."""
    with tarfile.open(FORMATS / f"{number}.tar.xz") as archive:
        archive.extractall(xdg.base, filter="data")
    root = xdg.home / "shop"
    registry = xdg.state / "vexord" / "projects.json"
    content = json.loads(registry.read_bytes())
    content["projects"][0]["root"] = str(root)
    registry.write_text(json.dumps(content))
    return root


def manifest(xdg: Xdg) -> Path:
    (found,) = (xdg.cache / "vexord" / "projects").glob("*/manifest.json")
    return found


def test_there_is_an_index_of_every_format() -> None:
    assert sorted(path.name for path in FORMATS.iterdir()) == [f"{n}.tar.xz" for n in range(1, FORMAT + 1)]


@pytest.mark.parametrize("number", range(1, FORMAT + 1))
def test_an_index_of_each_format_is_taken_over_or_built_anew_and_nothing_else_is_lost(
    xdg: Xdg, daemon: StartDaemon, number: int
) -> None:
    root = unpacked(xdg, number)
    assert json.loads(manifest(xdg).read_bytes())["format"] == number
    running = daemon()
    assert running.request("wait", {"timeout_ms": 20_000}, 25.0)["reached"]
    (project,) = running.request("projects")["projects"]
    assert (project["project"], project["name"], project["files"]) == (str(root), "the shop", 2)
    reply = running.search("total_with_tax", path=str(root))
    assert (reply["results"][0]["hits"][0]["path"], reply["stale"]) == ("src/cart.py", False)
    anew = [line for line in running.log.read_text().splitlines() if "index starts anew" in line]
    assert len(anew) == (number < FORMAT)
    assert all(f"format {number}, which is older" in line for line in anew)
    assert json.loads(manifest(xdg).read_bytes())["format"] == FORMAT
    rows = EmbeddingCache(str(xdg.base / "data" / "vexord" / "embeddings"), PAID)
    kept = rows.rows(np.array([11, 2**63 + 5], np.uint64))
    rows.close()
    assert kept.tolist() == [[1, 2, 3, 4], [-5, -6, -7, -8]]


def test_an_index_of_a_future_format_is_left_as_it_is_and_that_is_told(xdg: Xdg, daemon: StartDaemon) -> None:
    root = unpacked(xdg, FORMAT)
    path = manifest(xdg)
    future = path.read_bytes().replace(f'"format":{FORMAT}'.encode(), b'"format":99')
    path.write_bytes(future)
    segments = sorted(str(found) for found in path.parent.rglob("*.npy"))
    running = daemon()

    def failed() -> dict[str, object] | None:
        (project,) = running.request("projects")["projects"]
        return project if project["state"] == "failed" else None

    project = wait_until(failed, 20.0)
    told = json.dumps(project["degraded"])
    assert "format 99" in told and "update vexord" in told
    reply = running.request("search", {"query": "total_with_tax", "path": str(root), "fresh_ms": 500})
    assert (reply["total"], reply["stale"]) == (0, True)
    assert any("format 99" in note for note in reply["notes"])
    running.stop()
    assert path.read_bytes() == future
    assert sorted(str(found) for found in path.parent.rglob("*.npy")) == segments


def test_a_future_list_of_folders_is_left_as_it_is_and_that_is_told(xdg: Xdg, daemon: StartDaemon) -> None:
    root = unpacked(xdg, FORMAT)
    path = xdg.state / "vexord" / "projects.json"
    content = json.loads(path.read_bytes())
    future = json.dumps({**content, "version": 99}).encode()
    path.write_bytes(future)
    running = daemon()
    (told,) = [entry for entry in running.request("status")["degraded"] if entry["name"] == "registry"]
    assert "newer vexord (version 99)" in told["message"]
    with pytest.raises(ReplyError) as refused:
        running.request("register", {"path": str(root)})
    assert (refused.value.name, "upgrade vexord" in refused.value.hint) == ("E_STATE", True)
    running.stop()
    assert path.read_bytes() == future
    assert os.path.exists(manifest(xdg))
