"""What a long run did and found, kept in docs/soak.json and shown in docs/soak.md."""

import json
import os
import platform
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
INTRODUCTION = """# Long runs

Each tries to break promises of [guarantees.md](guarantees.md) for longer than the suite may take. The
suite runs the same code with a small budget. Again: `python -m tests.soak NAME --minutes M --seed S`. A
difference is an answer or an index that is not what a plain reading of the files says.
"""
RUNS = {
    "crash": "SIGKILL at every point of the writers' road, and at random under load",
    "freshness": "random changes of a tree; each fresh answer is compared with a plain reading",
    "limits": "what the kernel refuses: watches, descriptors, room, a million files",
    "fuzz": "hostile bytes, messages and parameters on the socket",
    "life": "a working day in short: git, editors, builds and searches",
}
"""Name → what it does. Each is a module of this package with `run(options: Options) -> Result`."""


@dataclass(frozen=True, slots=True)
class Options:
    """How long a run may take, and what decides its choices."""

    seconds: float
    seed: int


@dataclass(frozen=True, slots=True)
class Result:
    """What was tried, counted by kind, and how often the outcome was wrong."""

    counts: dict[str, float]
    differences: list[str] = field(default_factory=list)
    """One line for each, enough to try it again."""
    notes: str = ""


def keep(name: str, options: Options, seconds: float, result: Result) -> None:
    """Put the result of a run in the place of the last one of that name."""
    path = DOCS / "soak.json"
    every = json.loads(path.read_text()) if path.exists() else {}
    every[name] = {
        "day": time.strftime("%Y-%m-%d"),
        "machine": f"{os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}",
        "command": f"python -m tests.soak {name} --minutes {options.seconds / 60:g} --seed {options.seed}",
        "seconds": round(seconds),
        **asdict(result),
    }
    write(every)


def write(every: dict[str, dict[str, object]]) -> None:
    """Write what is known of each run, by name."""
    (DOCS / "soak.json").write_text(json.dumps(every, indent=1, sort_keys=True) + "\n")
    (DOCS / "soak.md").write_text("\n".join([INTRODUCTION, *_sections(every)]).rstrip() + "\n")


def _sections(every: dict[str, dict[str, object]]) -> Iterable[str]:
    for name, run in sorted(every.items()):
        yield f"## {name}\n\n{RUNS[name][0].upper()}{RUNS[name][1:]}.\n"
        yield f"`{run['command']}` · {run['day']} · {run['seconds']} s · {run['machine']}\n"
        yield "| What | Count |"
        yield "|---|---|"
        counts, differences = run["counts"], run["differences"]
        assert isinstance(counts, dict)
        assert isinstance(differences, list)
        yield from (f"| {what} | {count:,} |" for what, count in counts.items())
        yield f"| **differences** | **{len(differences)}** |\n"
        if run["notes"]:
            yield f"{run['notes']}\n"
        yield from (f"- {one}" for one in differences)
