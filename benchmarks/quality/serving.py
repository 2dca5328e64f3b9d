"""Asks a private daemon, over its socket, every question of a set."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from vexor_protocol.client import Client

from benchmarks.quality.corpora import QuestionSet
from benchmarks.quality.referee import KEPT, Place, Results

_STOP_S = 20
_INDEX_S = 600
_SEARCH_S = 30


class Answers(msgspec.Struct):
    """What a searcher answered, and how long each answer took it."""

    name: str
    results: Results
    took_ms: list[float]


@contextmanager
def daemon(cache: Path, env: Mapping[str, str]) -> Iterator[Client]:
    """Start a daemon with folders of its own; `cache` stays, so that indexes are made once."""
    with TemporaryDirectory(prefix="vxq-") as base:
        folders = {
            f"XDG_{name}": str(Path(base, name)) for name in ("RUNTIME_DIR", "STATE_HOME", "CONFIG_HOME")
        }
        for folder in folders.values():
            Path(folder).mkdir(mode=0o700)
        cache.mkdir(parents=True, exist_ok=True)
        whole = {**os.environ, **folders, "XDG_CACHE_HOME": str(cache), "HOME": base, **env}
        log = Path(base, "daemon.log")
        read_fd, write_fd = os.pipe()
        with log.open("wb") as stderr:
            command = [sys.executable, "-m", "vexord", "--ready-fd", str(write_fd)]
            process = subprocess.Popen(command, env=whole, pass_fds=[write_fd], stderr=stderr, stdout=stderr)
        os.close(write_fd)
        try:
            with os.fdopen(read_fd) as ready:
                if not ready.readline().startswith("ready"):
                    raise RuntimeError(f"the daemon did not start: {log.read_text()[-2000:]}")
            with Client(str(Path(folders["XDG_RUNTIME_DIR"], "vexord", "vexord.sock"))) as client:
                yield client
        finally:
            process.terminate()
            process.wait(_STOP_S)


def ask(client: Client, asked: QuestionSet, corpora: Path, name: str = "vexord") -> Answers:
    """Index every corpus, ask every question, and return the ten best places of each."""
    answers = Answers(name, {}, [])
    for repo, root in asked.roots.items():
        project = str(client.request("register", {"path": str(root)})["project"])
        waited = client.request("wait", {"path": project, "timeout_ms": _INDEX_S * 1000}, _INDEX_S + 5)
        if not waited["reached"]:
            raise TimeoutError(f"{repo} was not indexed in {_INDEX_S} s")
        before = root.relative_to(corpora / repo)
        found = answers.results.setdefault(repo, {})
        for question in asked.questions:
            if question.repo == repo:
                # As they stand: a question is not written in the daemon's query language.
                params = {"query": question.query, "path": project, "top": KEPT, "syntax": "text"}
                result = client.request("search", params, _SEARCH_S)["results"][0]
                answers.took_ms.append(result["took_ms"])
                found[question.query] = [
                    Place(str(before / hit["path"]), hit["start_line"], hit["end_line"])
                    for hit in result["hits"]
                ]
    return answers
