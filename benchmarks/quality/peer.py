"""Lets semble answer the same questions over the same corpora, in an environment of its own."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from benchmarks.quality.archives import Archive, Fetcher
from benchmarks.quality.corpora import QuestionSet
from benchmarks.quality.referee import KEPT, Place, Results
from benchmarks.quality.serving import Answers

VERSION = "0.7.0"
_VECTORS = Archive("pypi", "wordllama", "0.4.0.post1")
_HERE = Path(__file__).parent
_TIMEOUT_S = 1800


def semble(
    asked: QuestionSet, cache: Path, corpora: Path, model: Path | None, alpha: float | None
) -> Answers:
    """Return semble's answers. `model`: a model2vec folder, else wordllama's; `alpha` 0: lexical only."""
    python, vectors = environment(cache)
    model = model or vectors
    queries: dict[str, list[str]] = {repo: [] for repo in asked.roots}
    for question in asked.questions:
        queries[question.repo].append(question.query)
    roots = {repo: str(root) for repo, root in asked.roots.items()}
    request = {"roots": roots, "queries": queries, "alpha": alpha, "top": KEPT}
    with TemporaryDirectory(prefix="vxq-") as base:
        env = {**os.environ, "HOME": base, "XDG_CACHE_HOME": base, "HF_HUB_OFFLINE": "1"}
        env["SEMBLE_MODEL_NAME"] = str(model)
        paths = Path(base, "request.json"), Path(base, "reply.json")
        paths[0].write_bytes(msgspec.json.encode(request))
        command = [str(python), str(_HERE / "semble_worker.py"), *map(str, paths)]
        subprocess.run(command, env=env, cwd=base, check=True, timeout=_TIMEOUT_S)
        reply: dict[str, Any] = msgspec.json.decode(paths[1].read_bytes())
    name = "semble lexical" if alpha == 0 else "semble"
    results: Results = {
        repo: {query: [_place(asked.roots[repo].relative_to(corpora / repo), *hit) for hit in hits]
               for query, hits in found.items()}
        for repo, found in reply["results"].items()
    }  # fmt: skip
    return Answers(name, results, reply["took_ms"])


def _place(before: Path, path: str, start: int, end: int) -> Place:
    return Place(str(before / path), start, end)


def environment(cache: Path) -> tuple[Path, Path]:
    """Return the Python of an environment with semble in it, and the folder of its word vectors.

    Raises:
        FetchError, OSError, subprocess.SubprocessError: they cannot be made.
    """
    python = _environment(cache)
    return python, _vectors(cache, python)


def _environment(cache: Path) -> Path:
    """Return the Python of an environment with semble in it, made at the first call."""
    folder = cache / f"semble-{VERSION}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "-q", f"semble=={VERSION}", "safetensors"], check=True
        )
        (folder / "done").touch()
    return python


def _vectors(cache: Path, python: Path) -> Path:
    folder = cache / "model2vec-wordllama"
    if not (folder / "config.json").exists():
        wheel = Fetcher(cache / "archives").fetch("wordllama", _VECTORS)
        subprocess.run([str(python), str(_HERE / "model2vec_folder.py"), str(wheel), str(folder)], check=True)
    return folder
