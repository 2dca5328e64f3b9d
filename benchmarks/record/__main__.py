"""benchmarks/run: fetch the corpora, measure what is asked for, write the table, the JSON and the plots.

What was measured before stays in results.json and in the table until it is measured again.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.load import load
from benchmarks.projects import many_projects
from benchmarks.quality.archives import FetchError
from benchmarks.quality.places import cache_folder
from benchmarks.record import indexing, peers, plots, searching, vectors
from benchmarks.record.corpora import Corpus, corpus
from benchmarks.record.daemon import Daemon, index, running, settle
from benchmarks.record.questions import mine
from benchmarks.record.results import Results, Values
from benchmarks.record.table import write_table

_HERE = Path(__file__).resolve().parents[1]
_QUERIES = 600
_BUSY_LIMIT_S = 120.0
MEASURES = (
    "index", "stages", "latency", "vectors", "batch", "client", "edits", "busy", "footprint", "restart",
    "load", "semble", "plain", "projects", "trials", "quality",
)  # fmt: skip
_WHOLE_ONLY = {"stages", "client", "edits", "plain"}
"""Measures of the trees that are no parts."""
_NOT_OF_THE_KERNEL = {"busy", "semble", "load", "client"}
"""They take too long there, or say the same."""
_ONCE = {"projects", "trials", "quality"}


def main(argv: Sequence[str] | None = None) -> None:
    args = _parser().parse_args(argv)
    try:
        for name in args.corpora:
            found = corpus(name, args.cache)
            for tree, root in (*found.parts.items(), (found.name, found.root)):
                if not args.tree or tree in args.tree:
                    _measure_tree(args, found, tree, root)
        if not args.tree:
            _measure_once(args)
    except FetchError as error:
        raise SystemExit(f"error: {error}") from error
    finally:
        results = Results.load(args.results)
        write_table(results, _HERE / "RESULTS.md")
        print("plots:", ", ".join(plots.draw(results, _HERE / "plots")) or "none")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument(
        "--corpora", type=_names, default=["django"], help="django, linux, or both with a comma (django)"
    )
    parser.add_argument(
        "--tree", type=_names, default=[], help="only these of their trees: linux-middle,linux"
    )
    parser.add_argument("--only", type=_names, default=list(MEASURES), help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the load (20)")
    parser.add_argument(
        "--cache", type=Path, default=cache_folder().parent, help="folder for corpora and indexes"
    )
    parser.add_argument("--results", type=Path, default=_HERE / "results.json")
    return parser


def _names(text: str) -> list[str]:
    return text.split(",")


def _measure_tree(args: argparse.Namespace, found: Corpus, tree: str, root: Path) -> None:
    skipped = (
        _ONCE
        | (_WHOLE_ONLY if tree != found.name else set())
        | (_NOT_OF_THE_KERNEL if tree == "linux" else set())
    )
    wanted = [measure for measure in MEASURES if measure in args.only and measure not in skipped]
    if not wanted:
        return
    indexes = args.cache / "record" / tree
    if "index" in wanted:
        shutil.rmtree(indexes, ignore_errors=True)
    queries = mine(root, _QUERIES)
    with running(indexes) as daemon:
        for measure in wanted:
            load_before = os.getloadavg()[0]
            print(f"{tree}: {measure}", flush=True)
            values = _values(measure, args, daemon, root, queries)
            Results.keep(args.results, tree, measure, values, load_before)
            if measure in ("index", "edits", "busy"):
                settle(daemon.client())


def _values(measure: str, args: argparse.Namespace, daemon: Daemon, root: Path, queries: list[str]) -> Values:
    alone: dict[str, Callable[[], Values]] = {
        "stages": lambda: indexing.stages(root),
        "semble": lambda: peers.semble(root, queries[:100], args.cache / "quality"),
        "plain": lambda: searching.plain(root),
        "vectors": lambda: vectors.vector_stage(daemon.cache, queries[:100]),
    }
    if measure in alone:
        return alone[measure]()
    client = daemon.client()
    if measure == "index":
        return indexing.cold_index(daemon, client, root)
    project = index(client, root)["project"]
    asking: dict[str, Callable[[], Values]] = {
        "latency": lambda: searching.latency(client, project, queries),
        "batch": lambda: searching.batch(client, project, queries),
        "client": lambda: searching.whole_process(daemon, project),
        "edits": lambda: indexing.edits(client, project),
        "busy": lambda: searching.beside_indexer(client, project, queries[:300], _BUSY_LIMIT_S),
        "footprint": lambda: indexing.footprint(daemon, client, project),
        "load": lambda: load(client, daemon.socket, project, queries, seconds=args.seconds),
        "restart": lambda: indexing.restart(daemon, project, queries[0]),
    }
    return asking[measure]()


def _measure_once(args: argparse.Namespace) -> None:
    for measure in MEASURES:
        if measure not in _ONCE or measure not in args.only:
            continue
        print(measure, flush=True)
        load_before = os.getloadavg()[0]
        if measure == "projects":
            with tempfile.TemporaryDirectory(prefix="vxm") as base:
                values = many_projects(Path(base), 200)
        elif measure == "trials":
            tree = corpus("django", args.cache).parts["django-small"]
            values = {name: peers.trial(name, tree, args.cache) for name in peers.trials()}
        else:
            values = _quality()
        Results.keep(args.results, "all", measure, values, load_before)


def _quality() -> Values:
    """Return what the retrieval check prints of the development set."""
    command = [sys.executable, "-m", "benchmarks.quality", "run", "dev"]
    done = subprocess.run(command, cwd=_HERE.parent, capture_output=True, text=True, check=False)
    return {"returned": done.returncode, "printed": (done.stdout or done.stderr)[-6000:]}


if __name__ == "__main__":
    main()
