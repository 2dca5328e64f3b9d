"""A large first index by several processes; the tree is changed under it, and one of them is killed."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
import xxhash

from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.index.snapshot import Snapshot

StartDaemon = Callable[..., Daemon]
FILES = 600


def tree(root: Path) -> None:
    code = (
        "def function_{0}_{1}(value):\n"
        "    '''Do what number {1} of file {0} does.'''\n"
        "    return value + {1}\n\n\n"
    )
    text = ["".join(code.format(file, number) for number in range(90)) for file in range(FILES)]
    make_tree(root, {f"part{file % 12}/file{file}.py": body for file, body in enumerate(text)})


def indexed(xdg: Xdg) -> dict[str, bytes]:
    """Content hash of every live file, as a reader finds it on disk."""
    (manifest,) = (xdg.cache / "vexord" / "projects").glob("*/manifest.json")
    found: dict[str, bytes] = {}
    for view in Snapshot.open(str(manifest.parent)).segments:
        dead = view.record.dead_files()
        for number, path in enumerate(view.segment.paths.tolist()):
            if not dead[number]:
                assert path not in found, "no file lives twice"
                found[path] = bytes(view.segment.files[number]["hash"])
    return found


def on_disk(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): xxhash.xxh3_128_digest(path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


def crew_of(xdg: Xdg) -> list[psutil.Process]:
    return [process for process in xdg.processes() if "spawn_main" in " ".join(process.cmdline())]


def test_a_first_index_survives_changes_and_a_killed_process(
    daemon: StartDaemon, xdg: Xdg, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    tree(root)
    running = daemon()
    running.request("register", {"path": str(root)})
    wait_until(lambda: running.request("status")["projects"][0]["files"], 30, "the first files")
    assert running.request("status")["projects"][0]["state"] == "indexing"

    crew = crew_of(xdg)
    assert crew, "the crew is at work"
    (root / "part0" / "file0.py").write_text("def changed_early(): pass\n")
    (root / "part1" / "added.py").write_text("def added_meanwhile(): pass\n")
    (root / "part2" / "file2.py").unlink()
    shutil.rmtree(root / "part3")
    os.rename(root / "part4", root / "moved")
    os.rename(root / "part5", tmp_path / "away")

    def found_first() -> bool:
        asked = {"query": "added_meanwhile", "path": str(root), "fresh_ms": 500}
        hits = running.request("search", asked)["results"][0]["hits"]
        return bool(hits) and hits[0]["path"] == "part1/added.py"

    wait_until(found_first, 30, "the edit is found")
    crew[0].kill()

    reply = running.request("wait", {"path": str(root), "timeout_ms": 60_000}, 65)
    assert reply["reached"]
    assert indexed(xdg) == on_disk(root)
    gone = running.search("function_2_7", path=str(root))["results"][0]["hits"]
    assert all("function_2_7" not in hit["text"] for hit in gone)
    assert running.request("status")["indexer"]["restarts"] == 0

    def settled() -> bool:
        return bool(running.request("projects")["projects"][0]["segments"] == 1)

    wait_until(settled, 30, "what the first index left behind becomes one segment")
    assert indexed(xdg) == on_disk(root)
