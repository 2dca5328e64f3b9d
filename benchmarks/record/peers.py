"""Other searchers on the same tree, each in an environment of its own, offline when it works."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.quality import peer as quality_peer
from benchmarks.quality.archives import FetchError
from benchmarks.record.results import Values, spread

_LIMIT_S = 900
_TRIAL_S = 60
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "no_proxy": "*"}
_SEMBLE = """
import json, sys, time
from semble import SembleIndex
root, queries = sys.argv[1], json.load(open(sys.argv[2]))
started = time.perf_counter()
index = SembleIndex.from_path(root)
seconds = time.perf_counter() - started
index.search(queries[0], top_k=10)
times = []
for query in queries:
    at = time.perf_counter()
    index.search(query, top_k=10)
    times.append((time.perf_counter() - at) * 1000)
rss = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(json.dumps({"seconds": seconds, "chunks": len(index.chunks), "times": times, "rss": rss}))
"""
_TRIALS = {
    "vexor": ("vexor==0.30.0", [["vexor", "local", "--setup"], ["vexor", "search", "parse header"]]),
    "cocoindex-code": (
        "cocoindex-code",
        [["ccc", "init"], ["ccc", "index"], ["ccc", "search", "parse header"]],
    ),
    "SeaGOAT": ("seagoat", [["seagoat-server", "start", "{tree}"]]),
}
"""Package and commands, up to a first answer, of peers that may need a key or a model from the network."""


def semble(root: Path, queries: Sequence[str], quality_cache: Path) -> Values:
    """Return how fast semble indexes and answers, with the word vectors of the quality benchmark."""
    try:
        python, model = quality_peer.environment(quality_cache)
    except (FetchError, OSError, subprocess.SubprocessError) as error:
        return {"missing": str(error)[-200:]}
    with TemporaryDirectory(prefix="vxp") as base:
        asked = Path(base, "queries.json")
        asked.write_text(json.dumps(list(queries)))
        env = {
            **os.environ,
            **_OFFLINE,
            "HOME": base,
            "XDG_CACHE_HOME": base,
            "SEMBLE_MODEL_NAME": str(model),
        }
        command = [str(python), "-c", _SEMBLE, str(root), str(asked)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    if done.returncode:
        return {"missing": done.stderr.strip()[-300:]}
    said = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        "seconds": round(said["seconds"], 2),
        "chunks": said["chunks"],
        "chunks_s": round(said["chunks"] / said["seconds"]),
        "search": spread(said["times"]),
        "rss": said["rss"],
    }


def trial(name: str, tree: Path, cache: Path) -> Values:
    """Install a peer and run its commands over a copy of the tree, told to stay offline."""
    package, commands = _TRIALS[name]
    folder = cache / "peers" / name
    bin_folder = folder / "bin"
    try:
        if not bin_folder.exists():
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=_TRIAL_S)
        install = [str(bin_folder / "pip"), "install", "-q", package]
        subprocess.run(install, check=True, timeout=_LIMIT_S, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return {"works": False, "why": f"not installed within {_LIMIT_S} s"}
    except subprocess.CalledProcessError as error:
        return {"works": False, "why": f"does not install: {_last_line(error.stderr)}"}
    with TemporaryDirectory(prefix="vxp") as base:
        copy = shutil.copytree(tree, Path(base, "tree"))
        _commit(copy)
        env = {**os.environ, **_OFFLINE, "HOME": base, "XDG_CACHE_HOME": base, "XDG_CONFIG_HOME": base}
        for command in commands:
            argv = [str(bin_folder / command[0]), *(word.format(tree=copy) for word in command[1:])]
            works, why = _run(argv, copy, env)
            if not works:
                return {"works": False, "why": f"`{' '.join(command)}`: {why}"}
    return {"works": True, "why": why}


def _run(argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> tuple[bool, str]:
    """Return whether a command ended well, and the last line that it said."""
    try:
        done = subprocess.run(
            argv, cwd=folder, env=env, capture_output=True, text=True, timeout=_TRIAL_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = b"".join(text for text in (error.stdout, error.stderr) if isinstance(text, bytes)).decode()
        failures = [line for line in said.splitlines() if "Error" in line]
        return False, f"not done within {_TRIAL_S} s; {_last_line(failures[-1] if failures else said)}"
    except OSError as error:
        return False, str(error)
    return done.returncode == 0, _last_line(done.stdout + done.stderr)


def _commit(folder: Path) -> None:
    """Make a repository of a folder, as SeaGOAT wants it."""
    git = ["git", "-C", str(folder), "-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "corpus"]):
        subprocess.run([*git, *command], check=True)


def trials() -> Sequence[str]:
    """Return the peers that `trial` knows."""
    return tuple(_TRIALS)


def _last_line(text: str | None) -> str:
    lines = [line.strip() for line in (text or "").splitlines() if line.strip(" ─│╭╮╰╯")]
    return lines[-1][:160] if lines else "it said nothing"
