"""The plots beside the table: latency by size, index throughput, the time from an edit to its answer."""

from pathlib import Path
from typing import Any

from benchmarks.record.results import Results

_FORMATS = ("png", "svg")


def draw(results: Results, folder: Path) -> list[str]:
    """Write every plot for which there are figures; return their names."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "vexord"  # the same figures give the same file
    from matplotlib import pyplot

    folder.mkdir(exist_ok=True)
    drawn = []
    for name, plot in (("latency", _latency), ("throughput", _throughput), ("edits", _edits)):
        figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
        if plot(axes, results):
            for form in _FORMATS:
                metadata = {"Date": None} if form == "svg" else None
                figure.savefig(folder / f"{name}.{form}", dpi=120, metadata=metadata)
            drawn.append(name)
        pyplot.close(figure)
    return drawn


def _latency(axes: Any, results: Results) -> bool:
    points = sorted(
        (part.values["chunks"], part.values["unproved"])
        for key, part in results.parts.items()
        if key.endswith("/latency")
    )
    if not points:
        return False
    sizes = [size for size, _ in points]
    for quantile, marker in (("p50", "o"), ("p99", "s")):
        axes.plot(
            sizes, [values[quantile] for _, values in points], marker=marker, label=f"vexord {quantile}"
        )
    theirs = sorted(
        (part.values["chunks"], part.values["search"]["p50"])
        for key, part in results.parts.items()
        if key.endswith("/semble") and "search" in part.values
    )
    if theirs:
        axes.plot(
            [size for size, _ in theirs], [ms for _, ms in theirs], marker="^", label="semble p50, in process"
        )
    axes.set(xscale="log", yscale="log", xlabel="chunks", ylabel="ms", title="Search over the socket")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    return True


def _throughput(axes: Any, results: Results) -> bool:
    bars: dict[str, float] = {}
    for key, part in results.parts.items():
        corpus, _, measure = key.partition("/")
        if measure == "index":
            bars[f"vexord\n{corpus}"] = part.values["chunks_s"]
        elif measure == "stages":
            bars[f"{part.values['slowest']} alone\n{corpus}"] = part.values["slowest_chunks_s"]
        elif measure == "semble" and "chunks_s" in part.values:
            bars[f"semble\n{corpus}"] = part.values["chunks_s"]
    if not bars:
        return False
    names = sorted(bars, key=lambda name: name.partition("\n")[::-1])
    axes.bar(names, [bars[name] for name in names])
    axes.tick_params(axis="x", labelsize=7)
    axes.set(ylabel="chunks a second", title="First index")
    return True


def _edits(axes: Any, results: Results) -> bool:
    drawn = False
    for key, part in sorted(results.parts.items()):
        if key.endswith("/edits"):
            times = sorted(part.values["times_ms"])
            shares = [(number + 1) / len(times) for number in range(len(times))]
            axes.plot(times, shares, drawstyle="steps-post", label=key.partition("/")[0])
            drawn = True
    if drawn:
        axes.set(xlabel="ms from the end of the write to the answer", ylabel="share of edits", xscale="log")
        axes.set(title="Edit to answer")
        axes.grid(True, which="both", alpha=0.3)
        axes.legend()
    return drawn
