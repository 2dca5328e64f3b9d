"""Whole-process time of a warm `vexorctl search` against `python -c pass` and peers, run in turn."""

import argparse
import os
import shlex
import subprocess
import sys
import time

from benchmarks.harness import daemon_on, describe_machine, quantiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree")
    parser.add_argument("--query", default="where are migrations applied")
    parser.add_argument("--peer", action="append", default=[], help="a command run in the tree; repeatable")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    scripts = os.path.dirname(sys.executable)
    ctl = os.path.join(scripts, "vexorctl")
    with daemon_on(options.tree) as daemon:
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "vexorctl search": [ctl, "search", options.query],
            "vexorctl search --no-fresh": [ctl, "search", "--no-fresh", options.query],
        }
        commands |= {peer: shlex.split(peer) for peer in options.peer}
        times: dict[str, list[float]] = {name: [] for name in commands}
        for round_number in range(options.rounds + 2):
            for name, argv in commands.items():
                started = time.perf_counter()
                subprocess.run(
                    argv,
                    cwd=daemon.tree,
                    env=daemon.env,
                    check=False,
                    capture_output=True,
                )
                if round_number >= 2:
                    times[name].append((time.perf_counter() - started) * 1000)
        print(describe_machine())
        base = times["python -c pass"]
        for name, values in times.items():
            low, mid = min(values), quantiles(values, 0.5)[0]
            ratio = quantiles([a / b for a, b in zip(values, base, strict=True)], 0.5)[0]
            print(f"{low:8.1f} min {mid:8.1f} median ms   {ratio:6.2f}x (median of pairs)   {name}")


if __name__ == "__main__":
    main()
