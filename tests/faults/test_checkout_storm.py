"""Fifty clients search while git switches between two branches of 3,000 files."""

import subprocess
import threading
import time
from pathlib import Path

from tests.conftest import StartDaemon
from tests.support.trees import make_tree
from tests.support.xdg import Xdg

FILES = 3_000
CLIENTS = 50


def git(root: Path, xdg: Xdg, *args: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "gc.auto=0"]
    subprocess.run(["git", *identity, *args], cwd=root, env=xdg.env, check=True, capture_output=True)


def two_branches(root: Path, xdg: Xdg) -> None:
    files = {f"d{n % 50}/f{n}.py": f"def item_{n}():\n    return 'branchone{n}'\n" for n in range(FILES)}
    make_tree(root, files)
    git(root, xdg, "init", "-q", "-b", "one")
    git(root, xdg, "add", ".")
    git(root, xdg, "commit", "-qm", "one")
    git(root, xdg, "checkout", "-qb", "two")
    make_tree(root, {path: text.replace("branchone", "branchtwo") for path, text in files.items()})
    git(root, xdg, "commit", "-qam", "two")
    git(root, xdg, "checkout", "-q", "one")


def test_no_error_and_no_stale_answer_marked_fresh(daemon: StartDaemon, xdg: Xdg) -> None:
    root = xdg.home / "repo"
    two_branches(root, xdg)
    running = daemon()
    running.add(root, timeout=60)
    switched = threading.Event()
    stop = threading.Event()
    wrong: list[str] = []
    answers = {"fresh": 0, "stale": 0, "fresh after": 0}
    lock = threading.Lock()

    def ask(seed: int) -> None:
        number = seed * 57 % FILES
        try:
            with running.client() as client:
                while not stop.is_set():
                    number = (number + 61) % FILES
                    after = switched.is_set()
                    params = {"query": f"branchone{number}", "path": str(root), "fresh_ms": 300, "top": 5}
                    reply = client.request("search", params, 30.0)
                    old = [h for h in reply["results"][0]["hits"] if f"branchone{number}'" in h["text"]]
                    with lock:
                        answers["stale" if reply["stale"] else "fresh"] += 1
                        answers["fresh after"] += after and not reply["stale"]
                        if after and not reply["stale"] and old:
                            wrong.append(f"old text in a fresh answer: {number}")
        except Exception as error:
            wrong.append(f"client {seed}: {error!r}")

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    git(root, xdg, "checkout", "-q", "two")
    switched.set()
    deadline = time.monotonic() + 60
    while answers["fresh after"] < 200 and time.monotonic() < deadline and not wrong:
        threading.Event().wait(0.05)
    stop.set()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert answers["fresh after"] >= 200, answers
    reply = running.search("branchtwo77", path=str(root), top=3)
    assert [h["path"] for h in reply["results"][0]["hits"] if "branchtwo77'" in h["text"]] == ["d27/f77.py"]
