"""`python -m tests.soak NAME…`: run, print, record in docs/; exit status 1 if a difference was found."""

import argparse
import importlib
import sys
import time

from tests.soak.record import RUNS, Options, Result, keep


def main() -> int:
    """Run what was named, all of it by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="; ".join(f"{k}: {v}" for k, v in RUNS.items())
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="for each run (default 5)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-record", action="store_true", help="leave docs/soak.* as they are")
    said = parser.parse_args()
    unknown = set(said.names) - RUNS.keys()
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    options = Options(said.minutes * 60, said.seed)
    wrong = 0
    for name in said.names or RUNS:
        began = time.monotonic()
        result: Result = importlib.import_module(f"tests.soak.{name}").run(options)
        seconds = time.monotonic() - began
        print(f"{name}: {seconds:.0f} s", *(f"{k}={v:,}" for k, v in result.counts.items()), result.notes)
        print(*(f"  difference: {one}" for one in result.differences), sep="\n")
        if not said.no_record:
            keep(name, options, seconds, result)
        wrong += len(result.differences)
    return 1 if wrong else 0


sys.exit(main())
