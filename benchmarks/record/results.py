"""What was measured, in a JSON file: a part that is measured again replaces its entry, the others stay."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil

from benchmarks.harness import quantiles

Values = dict[str, Any]


class Part(msgspec.Struct):
    """One measurement."""

    at: str
    """UTC."""
    commit: str
    load: float
    """One-minute load when it began."""
    values: Values


class Results(msgspec.Struct):
    """Everything measured so far on this machine."""

    machine: dict[str, str] = {}
    parts: dict[str, Part] = {}
    """By `corpus/measure`."""

    @classmethod
    def load(cls, path: Path) -> "Results":
        """Read a file, or begin anew."""
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else cls()

    def get(self, corpus: str, measure: str) -> Values | None:
        """Return the values of a part, None if it was not run."""
        part = self.parts.get(f"{corpus}/{measure}")
        return part.values if part is not None else None

    @classmethod
    def keep(cls, path: Path, corpus: str, measure: str, values: Values, load: float) -> None:
        """Write the values of a part to the file, which another run may have changed meanwhile."""
        results = cls.load(path)
        results.machine = describe()
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
        results.parts[f"{corpus}/{measure}"] = Part(at, _commit(), round(load, 1), values)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def spread(times_ms: list[float]) -> Values:
    """Return the quantiles that the table shows, in ms."""
    names = ("p50", "p95", "p99", "max")
    found = dict(zip(names, quantiles(times_ms, 0.5, 0.95, 0.99, 1.0), strict=True))
    return {name: round(value, 3) for name, value in found.items()} | {"count": len(times_ms)}


def describe() -> dict[str, str]:
    """Describe the machine."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _commit() -> str:
    root = Path(__file__).parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=8"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
