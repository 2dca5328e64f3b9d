"""RESULTS.md: the table of record, each row from what was measured, or said not to have been run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.record.results import Results
from benchmarks.record.rows import ROWS, cold_rows

_HEAD = """\
# Results

Written by `benchmarks/run`; `results.json` has every figure, and below stands when each part was measured and
at which commit. Machines are shared: trust the ratios, taken in turn in one run, more than the milliseconds.
Why rows miss their floor: [PROFILES.md](PROFILES.md).
"""
_AGAIN = """\
```sh
benchmarks/run --corpora django,linux                  # everything; the kernel takes long
benchmarks/run --corpora django --only latency,edits   # some of it; the rest of the table stays
```"""
_MIB = 1 << 20


def write_table(results: Results, path: Path) -> None:
    """Write the file."""
    parts = sorted(results.parts.items())
    when = [[key, part.at, part.commit, str(part.load)] for key, part in parts]
    rows = [cells for row in ROWS for cells in row.cells(results)] + cold_rows(results)
    sections = {
        "Machine": [f"- {name}: {value}" for name, value in results.machine.items()],
        "The table": _grid(["What", "Tree", "Measured", "Floor", "Aim", ""], rows),
        "Beside us": _grid(["Who", "Tree", "Figures"], _peers(results)),
        "Load": [_load(results)],
        "Many projects": [_projects(results)],
        "Ranking quality": _quality(results),
        "Plots": [f"![{name}](plots/{name}.png)" for name in ("latency", "throughput", "edits")],
        "When": _grid(["Part", "Measured (UTC)", "Commit", "Load"], when),
        "Again": [_AGAIN],
    }
    text = [_HEAD]
    for heading, lines in sections.items():
        text += [f"## {heading}\n", *lines, ""]
    path.write_text("\n".join(text).rstrip() + "\n")


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_line(heads), "|" + "---|" * len(heads), *map(_line, rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _peers(results: Results) -> list[list[str]]:
    return [
        [who, key.partition("/")[0], figures]
        for key, part in sorted(results.parts.items())
        for who, figures in _peer(key.partition("/")[2], part.values)
    ]


def _peer(measure: str, values: dict[str, object]) -> Iterator[tuple[str, str]]:
    if measure not in ("semble", "plain", "trials"):
        return
    if "missing" in values:
        yield measure, str(values["missing"])
    elif measure == "semble":
        search, rss = values["search"], values["rss"]
        assert isinstance(search, dict) and isinstance(rss, int)
        figures = (
            f"{values['chunks']:,} chunks of its own, index {values['seconds']} s; search in process"
            f" p50 {search['p50']} ms, p99 {search['p99']} ms; {rss / _MIB:.0f} MiB"
        )
        yield "semble 0.7.0 with wordllama's vectors", figures
    elif measure == "plain":
        yield "ripgrep, one word, whole process, warm", f"p50 {values['p50']} ms"
    else:
        for name, said in values.items():
            assert isinstance(said, dict)
            state = "runs offline, not compared" if said["works"] else "does not run offline"
            yield name, f"{state}: {said['why']}"


def _load(results: Results) -> str:
    found = results.get("django", "load")
    if found is None:
        return "Not run."
    growth = f"{found['rss_before'] / _MIB:.0f} to {found['rss_after'] / _MIB:.0f} MiB"
    quantiles = f"p50 {found['p50']} ms, p99 {found['p99']} ms, p99.9 {found['p999']} ms"
    sentences = (
        f"{found['clients']} clients in a closed loop for {found['seconds']} s on django, beside them a slow",
        f"reader and a dead client: {found['searches_s']} searches/s, {quantiles}.",
        f"The longest wait is {found['max_to_median']} times the median (floor 10).",
        f"A client got between {found['least_answers']} and {found['most_answers']} answers, of all",
        f"{found['errors']} were errors. The server went from {growth}.",
    )
    return "\n".join(sentences)


def _projects(results: Results) -> str:
    found = results.get("all", "projects")
    if found is None:
        return "Not run."
    empty, two, every = (found[f"server_{name}"] for name in ("without", "two_used", "all_used"))
    sentences = (
        f"{found['projects']} projects of {found['chunks']:,} chunks, two in use: the server has",
        f"{_cost(two)}; without any, {_cost(empty)}; right after a search over all, {_cost(every)}.",
        f"A cold project answers in {found['cold_p50_ms']} ms (worst {found['cold_max_ms']} ms; floor 200);",
        f"the first search over all takes {found['all_first_ms']} ms, a later one {found['all_p50_ms']} ms.",
    )
    return "\n".join(sentences)


def _cost(found: dict[str, int]) -> str:
    own = f"{found['rss'] / _MIB:.0f} MiB ({found['anonymous'] / _MIB:.0f} of its own)"
    return f"{own}, {found['descriptors']} descriptors and {found['index_maps']} maps"


def _quality(results: Results) -> list[str]:
    found = results.get("all", "quality")
    return ["Not run."] if found is None else ["```", str(found["printed"]).rstrip(), "```"]
