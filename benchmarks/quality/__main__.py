"""Retrieval quality, measured through the real daemon.

python -m benchmarks.quality fetch | mine | run | compare (each with --help)
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.quality import peer
from benchmarks.quality.archives import Fetcher, FetchError
from benchmarks.quality.corpora import QuestionSet, development_set, read_questions
from benchmarks.quality.places import cache_folder, default_set
from benchmarks.quality.referee import load_referee
from benchmarks.quality.report import differences, judged, load_baseline, report, save_baseline
from benchmarks.quality.second import mine
from benchmarks.quality.serving import Answers, ask, daemon

BASELINE = Path(__file__).with_name("baseline.json")
SETS = ("dev", "second")


class SavedRun(msgspec.Struct):
    """A run as it lies in the cache: answers by set."""

    sets: dict[str, Answers]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = _parser().parse_args(argv)
    try:
        args.command(args)
    except (FetchError, OSError, RuntimeError) as error:
        raise SystemExit(f"error: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--set", type=Path, default=default_set(), help="folder of the development set")
    common.add_argument("--cache", type=Path, default=None, help="folder for corpora, indexes and saved runs")
    fetch = commands.add_parser("fetch", parents=[common], help="fetch and check the development corpora")
    fetch.set_defaults(command=_fetch)
    make = commands.add_parser("mine", parents=[common], help="make the second set anew")
    make.set_defaults(command=_mine)
    run = commands.add_parser("run", parents=[common], help="ask every question and print the tables")
    run.add_argument("sets", nargs="*", choices=[*SETS, []], help="dev, second or both (default: both)")
    run.add_argument("--half", choices=["a", "b"], help="only every second repository")
    run.add_argument("--peer", choices=["semble"], help="let it answer the same questions")
    run.add_argument(
        "--peer-model", type=Path, help="a model2vec folder for the peer (default: wordllama's vectors)"
    )
    run.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="for the daemon")
    run.add_argument("--save", metavar="NAME", help="keep the answers for `compare`")
    run.add_argument("--update-baseline", action="store_true", help="later runs are compared with this one")
    run.set_defaults(command=_run)
    compare = commands.add_parser(
        "compare", parents=[common], help="paired difference of two saved runs, B less A"
    )
    compare.add_argument("runs", nargs=2, metavar=("A", "B"))
    compare.set_defaults(command=_compare)
    return parser


def _fetch(args: argparse.Namespace) -> None:
    found = development_set(args.set, _cache(args))
    print(f"{len(found.roots)} corpora, {len(found.questions)} questions, every annotated path is there")


def _mine(args: argparse.Namespace) -> None:
    found = _second(_cache(args), anew=True)
    kinds = {kind: sum(one.category == kind for one in found.questions) for kind in
             sorted({one.category for one in found.questions})}  # fmt: skip
    print(f"{len(found.roots)} repositories, {len(found.questions)} questions: {kinds}")


def _run(args: argparse.Namespace) -> None:
    cache = _cache(args)
    referee = load_referee(args.set)
    baseline = load_baseline(BASELINE)
    saved = SavedRun({})
    env = dict(one.split("=", 1) for one in args.env)
    for name in args.sets or SETS:
        asked = _load(name, args, cache)
        corpora = cache / "second" / "corpora" if name == "second" else cache / "corpora"
        with daemon(cache / "indexes", env) as client:
            answers = ask(client, asked, corpora)
        ours = judged(referee, asked, answers)
        saved.sets[name] = answers
        report(referee, asked, ours)
        if name in baseline:
            differences(referee, ours, baseline[name], "the committed run")
        if args.peer:
            for alpha in (None, 0.0):
                theirs = judged(referee, asked, peer.semble(asked, cache, corpora, args.peer_model, alpha))
                report(referee, asked, theirs)
                differences(referee, ours, theirs.scores(), theirs.answers.name)
        if args.update_baseline:
            baseline[name] = {**(baseline.get(name, {}) if args.half else {}), **ours.scores()}
    if args.update_baseline:
        save_baseline(BASELINE, baseline)
    if args.save:
        path = _run_path(cache, args.save)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(msgspec.json.encode(saved))


def _compare(args: argparse.Namespace) -> None:
    cache = _cache(args)
    referee = load_referee(args.set)
    one, other = (msgspec.json.decode(_run_path(cache, run).read_bytes(), type=SavedRun) for run in args.runs)
    for name in one.sets.keys() & other.sets.keys():
        asked = _load(name, args, cache)
        print(f"{name}: {args.runs[1]} less {args.runs[0]}")
        differences(referee, judged(referee, asked, other.sets[name]),
                    judged(referee, asked, one.sets[name]).scores(), args.runs[0])  # fmt: skip


def _load(name: str, args: argparse.Namespace, cache: Path) -> QuestionSet:
    found = development_set(args.set, cache) if name == "dev" else _second(cache)
    half = getattr(args, "half", None)
    return found.part(half) if half else found


def _second(cache: Path, *, anew: bool = False) -> QuestionSet:
    """Return the second set, mining it if it is not there."""
    folder = cache / "second"
    if anew or not (folder / "queries.jsonl").exists():
        folder.mkdir(exist_ok=True)
        mine.build(folder, Fetcher(cache / "archives"))
    questions = read_questions(folder / "queries.jsonl")
    roots = {repo: folder / "corpora" / repo for repo in sorted({one.repo for one in questions})}
    return QuestionSet("second", questions, roots)


def _run_path(cache: Path, name: str) -> Path:
    return cache / "runs" / f"{name}.json"


def _cache(args: argparse.Namespace) -> Path:
    folder: Path = args.cache or cache_folder()
    return folder


if __name__ == "__main__":
    main()
