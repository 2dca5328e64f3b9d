"""The rows of the table of record: what is measured where, its floor and its aim."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.record.results import Results, Values

NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, or several, of one measure over some trees. Lower is better, unless `higher`."""

    what: str
    measure: str
    trees: Sequence[str]
    figures: Callable[[Values], Sequence[float]]
    form: str
    floor: Sequence[float]
    aim: Sequence[float]
    higher: bool = False

    def cells(self, results: Results) -> list[list[str]]:
        """Return a row of cells for each tree."""
        return [self._cells(results, tree) for tree in self.trees]

    def _cells(self, results: Results, tree: str) -> list[str]:
        sized = results.get(tree, "latency") or results.get(tree, "index")
        shown = f"{tree}, {sized['chunks']:,} chunks" if sized else tree
        limits = [self.form.format(*self.floor), self.form.format(*self.aim)]
        values = results.get(tree, self.measure)
        if values is None:
            return [self.what, shown, NOT_RUN, *limits, ""]
        found = self.figures(values)
        return [self.what, shown, self.form.format(*found), *limits, self._verdict(found)]

    def _verdict(self, found: Sequence[float]) -> str:
        for name, limits in (("aim", self.aim), ("floor", self.floor)):
            pairs = zip(found, limits, strict=True)
            if all(one >= limit if self.higher else one <= limit for one, limit in pairs):
                return name
        return "**missed**"


def _of(*path: str) -> Callable[[Values], Sequence[float]]:
    """Return a function that takes values out of a measure; `a.b` goes into `a`."""

    def take(values: Values) -> list[float]:
        found = []
        for step in path:
            value = values
            for name in step.split(">"):
                value = value[name]
            found.append(float(value))  # type: ignore[arg-type]
        return found

    return take


_MS = "{:.2f} / {:.2f} ms"
_P99 = _of("unproved>p50", "unproved>p99")
_LARGE = ("django", "linux-middle", "linux")

ROWS = (
    Row(
        "`vexorctl search`, whole process / `python -c pass`", "client", ["django"],
        _of("vexorctl search>ratio"), "{:.2f}×", [1.2], [0.9],
    ),
    Row("daemon search at some 10k chunks, p50 / p99", "latency", ["django-small", "linux-small"],
        _P99, _MS, [1, 3], [0.5, 1.5]),
    Row("daemon search at some 100k chunks, p50 / p99", "latency", ["django", "linux-middle"],
        _P99, _MS, [3, 8], [1.2, 4]),
    Row("daemon search, the kernel, p50 / p95", "latency", ["linux"],
        _of("unproved>p50", "unproved>p95"), _MS, [10, 20], [10, 4.9]),
    Row("vector stage / numpy float32 product", "vectors", _LARGE, _of("ratio"), "{:.3f}", [0.2], [0.05]),
    Row("… its recall@10", "vectors", _LARGE, _of("recall10"), "{:.4f}", [0.99], [0.99], higher=True),
    Row("search p99 while indexing / idle", "busy", ["django", "linux-middle"],
        _of("ratio_p99"), "{:.2f}", [1.5], [1.1]),
    Row("edit → answer, p50 / p95", "edits", ["django", "linux"], _of("p50", "p95"),
        "{:.1f} / {:.1f} ms", [50, 150], [15, 50]),
    Row("… of 100 edits, found in the next fresh answer", "edits", ["django", "linux"], _of("found"),
        "{:.0f}", [100], [100], higher=True),
    Row("from nothing: searchable by words / wholly", "index", ["linux"], _of("by_words_s", "seconds"),
        "{:.0f} / {:.0f} s", [180, 900], [60, 360]),
    Row("restart: first answer / fresh", "restart", ["django", "linux"], _of("answer_s", "fresh_s"),
        "{:.2f} / {:.2f} s", [0.3, 1.5], [0.3, 0.5]),
    Row("server's resident memory a chunk", "footprint", ["linux-middle", "linux"], _of("server_rss_chunk"),
        "{:.0f} B", [400], [160]),
    Row("… of that its own, not pages of mapped files", "footprint", ["linux-middle", "linux"],
        _of("server_anonymous_chunk"), "{:.0f} B", [400], [160]),
    Row("disk a chunk", "footprint", _LARGE, _of("disk_chunk"), "{:.0f} B", [1200], [800]),
    Row("idle CPU, the tree watched", "footprint", _LARGE, _of("idle_cpu_percent"), "{:.3f} %", [0.1], [0.0]),
    Row("one batch of 100 / 100 calls, throughput", "batch", _LARGE, _of("ratio"), "{:.2f}×", [5], [5],
        higher=True),
)  # fmt: skip


def cold_rows(results: Results) -> list[list[str]]:
    """Return the rows that compare the first index with its slowest stage alone, and with semble."""
    rows = [
        _share(results, tree, "stages", "slowest_chunks_s", "cold index / its slowest stage alone", 0.7, 0.9)
        for tree in ("django", "linux")
    ]
    return [*rows, _share(results, "django", "semble", "chunks_s", "cold index / semble 0.7.0", 2.0, 2.0)]


def _share(results: Results, tree: str, measure: str, member: str, what: str, *limits: float) -> list[str]:
    shown = [f"{limit:.2f}" for limit in limits]
    ours, theirs = results.get(tree, "index"), results.get(tree, measure)
    if ours is None or theirs is None or member not in theirs:
        return [what, tree, NOT_RUN, *shown, ""]
    share = ours["chunks_s"] / theirs[member]
    named = f", {theirs['slowest']}" if "slowest" in theirs else ""
    floor, aim = limits
    verdict = "aim" if share >= aim else "floor" if share >= floor else "**missed**"
    figures = f"{share:.2f} ({ours['chunks_s']:,} / {theirs[member]:,} chunks/s{named})"
    return [what, tree, figures, *shown, verdict]
