"""Ways to find the nearest rows, on vectors of a real index: time, recall, memory, building, filters.

python -m benchmarks.vectors INDEX [--sizes 10000 100000] [--queries FILE]   (needs faiss-cpu and usearch)
INDEX: the folder of a project's index, as `vexorctl config` and `status` name it; FILE: one query a line.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vexord.embed.default import default_embedder
from vexord.index.codes import Codes, write_codes
from vexord.index.snapshot import Snapshot
from vexord.index.vectors import scan

TOP = 10
SHARES = (1.0, 0.5, 0.1, 0.01, 0.001)
SLOW_BUILD_ROWS = 200_000
"""Graphs of more rows take too long to build here."""
Rows = NDArray[np.int64]
Search = Callable[[int, NDArray[np.bool_] | None], Rows]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Rows as stored, and as unit vectors for those who want floats."""

    rows: NDArray[np.int8]
    unit: NDArray[np.float32]
    queries: NDArray[np.int8]
    unit_queries: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to search."""

    name: str
    build_s: float
    bytes_a_row: float
    search: Search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("index", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 755_000])
    parser.add_argument("--queries", type=Path)
    options = parser.parse_args()
    every = np.concatenate([view.segment.vectors for view in Snapshot.open(str(options.index)).segments])
    every = every[every.any(axis=1)]
    queries = _queries(options.queries, every)
    print("| rows | way | build s | B/row | " + " | ".join(f"{share:.1%}" for share in SHARES) + " |")
    print("|---|---|---|---|" + "---|" * len(SHARES))
    rng = np.random.default_rng(0)
    for size in options.sizes:
        picked = every[np.sort(rng.choice(len(every), min(size, len(every)), replace=False))]
        corpus = Corpus(picked, _unit(picked), queries, _unit(queries))
        masks = [None if share == 1 else rng.random(len(picked)) < share for share in SHARES]
        right = [_exact(corpus, mask) for mask in masks]
        for way in _ways(corpus):
            cells = [_measured(way, *pair) for pair in zip(masks, right, strict=True)]
            print(f"| {len(picked):,} | {way.name} | {way.build_s:.1f} | {way.bytes_a_row:.0f} | "
                  + " | ".join(cells) + " |", flush=True)  # fmt: skip


def _queries(file: Path | None, rows: NDArray[np.int8]) -> NDArray[np.int8]:
    embedder = default_embedder()
    if file is not None:
        return np.concatenate([embedder.embed_query(line) for line in file.read_text().splitlines() if line])
    return rows[np.random.default_rng(1).choice(len(rows), 50, replace=False)]


def _exact(corpus: Corpus, mask: NDArray[np.bool_] | None) -> list[set[int]]:
    found = []
    for query in corpus.unit_queries:
        scores = corpus.unit @ query
        if mask is not None:
            scores[~mask] = -np.inf
        best = np.argpartition(-scores, TOP)[:TOP]
        found.append(set(best[scores[best] > -np.inf].tolist()))
    return found


def _measured(way: Way, mask: NDArray[np.bool_] | None, right: list[set[int]]) -> str:
    times, recall = [], 0.0
    way.search(0, mask)
    for number, wanted in enumerate(right):
        started = time.perf_counter()
        found = way.search(number, mask)
        times.append((time.perf_counter() - started) * 1000)
        recall += len(wanted & set(found.tolist())) / max(1, len(wanted))
    p50, p99 = np.percentile(times, (50, 99))
    return f"{p50:.2f}/{p99:.2f} ms {recall / len(right):.3f}"


def _ways(corpus: Corpus) -> list[Way]:
    ways = [_scan(corpus), _codes(corpus), _faiss(corpus, "Flat"), _faiss(corpus, "SQ8")]
    cells = int(4 * len(corpus.rows) ** 0.5)
    ways.append(_faiss(corpus, f"IVF{cells},SQ8", nprobe=max(1, cells // 16)))
    if len(corpus.rows) <= SLOW_BUILD_ROWS:
        ways += [_faiss(corpus, "HNSW32"), _usearch(corpus)]
    return ways


def _scan(corpus: Corpus) -> Way:
    def search(number: int, mask: NDArray[np.bool_] | None) -> Rows:
        query = corpus.queries[number : number + 1]
        if mask is None:
            return _top(scan(corpus.rows, query))
        allowed = np.flatnonzero(mask)
        return allowed[_top(scan(corpus.rows[allowed], query))]

    return Way("int8 scan (simsimd)", 0.0, corpus.rows.shape[1], search)


def _codes(corpus: Corpus) -> Way:
    """As searches do it: fetch likely rows for a list of 200, compare them exactly."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes"
        started = time.perf_counter()
        write_codes(str(path), corpus.rows)
        build_s = time.perf_counter() - started
        codes = Codes(str(path), len(corpus.rows))
        codes.wait()
        size = path.stat().st_size

    def search(number: int, mask: NDArray[np.bool_] | None) -> Rows:
        query = corpus.queries[number : number + 1]
        if mask is not None and (few := np.flatnonzero(mask)).size <= 16_384:
            return few[_top(scan(corpus.rows[few], query))]
        likely = codes.likely(query, 200, mask)
        assert likely is not None
        return likely[_top(scan(corpus.rows[likely], query))]

    return Way("4-bit codes (turbovec), exact top 250", build_s, size / len(corpus.rows), search)


def _faiss(corpus: Corpus, factory: str, nprobe: int = 0) -> Way:
    import faiss

    faiss.omp_set_num_threads(1)
    started = time.perf_counter()
    index = faiss.index_factory(corpus.unit.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
    index.train(corpus.unit[:100_000])
    index.add(corpus.unit)
    build_s = time.perf_counter() - started

    def search(number: int, mask: NDArray[np.bool_] | None) -> Rows:
        selector = faiss.IDSelectorBatch(np.flatnonzero(mask)) if mask is not None else None
        if nprobe:
            parameters = faiss.SearchParametersIVF(nprobe=nprobe, sel=selector)
        elif factory.startswith("HNSW"):
            parameters = faiss.SearchParametersHNSW(efSearch=128, sel=selector)
        else:
            parameters = faiss.SearchParameters(sel=selector)
        _, found = index.search(corpus.unit_queries[number : number + 1], TOP, params=parameters)
        return found[0]

    size = faiss.serialize_index(index).nbytes
    name = f"FAISS {factory}" + (f", {nprobe} cells" if nprobe else "")
    return Way(name, build_s, size / len(corpus.rows), search)


def _usearch(corpus: Corpus) -> Way:
    from usearch.index import Index

    started = time.perf_counter()
    index = Index(ndim=corpus.unit.shape[1], metric="ip", dtype="i8")
    index.add(np.arange(len(corpus.unit)), corpus.unit, threads=1)
    build_s = time.perf_counter() - started

    def search(number: int, mask: NDArray[np.bool_] | None) -> Rows:
        if mask is None:
            return index.search(corpus.unit_queries[number], TOP, threads=1).keys.astype(np.int64)
        share = max(mask.mean(), 1e-3)  # it has no filters: ask for more and leave out
        found = index.search(corpus.unit_queries[number], min(2_000, int(TOP * 2 / share)), threads=1)
        keys = found.keys.astype(np.int64)
        return keys[mask[keys]][:TOP]

    return Way("usearch HNSW i8", build_s, index.memory_usage / len(corpus.unit), search)


def _top(scores: NDArray[np.float32]) -> Rows:
    if len(scores) <= TOP:
        return np.arange(len(scores))
    return np.argpartition(-scores, TOP)[:TOP]


def _unit(rows: NDArray[np.int8]) -> NDArray[np.float32]:
    wide = rows.astype(np.float32)
    unit: NDArray[np.float32] = wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9)
    return unit


if __name__ == "__main__":
    main()
