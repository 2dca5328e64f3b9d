"""Measures of indexing: from nothing, each stage alone, an edit, a restart."""

import contextlib
import os
import random
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import psutil

from benchmarks.harness import Client
from benchmarks.record.daemon import Daemon, project_status
from benchmarks.record.results import Values, spread
from vexord.embed.default import default_embedder
from vexord.index.build import build_segment
from vexord.index.embed_text import embed_text
from vexord.index.manifest import SEGMENTS_NAME
from vexord.index.segment_writer import SegmentWriter
from vexord.index.types import Chunk, FileStamp, IndexedFile
from vexord.ingest.chunk import chunk_file
from vexord.ingest.extract import extract

_CONSONANTS = "bcdfghjkmnpqrtvwxz"
"""Of markers that no file has: one word, with no parts."""
_SAMPLE_FILES = 1500
_POLL_S = 0.25
_TIMEOUT_S = 3600
_STAMP = FileStamp(size=0, mtime_ns=0, inode=0, ctime_ns=0)


def cold_index(daemon: Daemon, client: Client, root: Path) -> Values:
    """Index a tree from nothing; return how long it took until it answered at all, and from all of it."""
    _, indexer = daemon.processes()
    peak = 0
    started = time.perf_counter()
    project = client.request("register", path=str(root), exact=True, force=True)["project"]
    first_answer = keywords = None
    while time.perf_counter() - started < _TIMEOUT_S:
        status = project_status(client, project)
        peak = max(peak, _memory(indexer))
        elapsed = time.perf_counter() - started
        if first_answer is None and status["generation"]:
            first_answer = elapsed
        if keywords is None and _searchable_by_words(status):
            keywords = elapsed
        if status["state"] == "ready" and not status["pending"]:
            break
        time.sleep(_POLL_S)
    seconds = time.perf_counter() - started
    return {
        "chunks": status["chunks"],
        "files": status["files"],
        "seconds": round(seconds, 2),
        "chunks_s": round(status["chunks"] / seconds),
        "first_answer_s": round(first_answer if first_answer is not None else seconds, 2),
        "by_words_s": round(keywords if keywords is not None else seconds, 2),
        "indexer_peak_bytes": peak,
    }


def _memory(process: psutil.Process) -> int:
    """Return the resident bytes of a process and its children; pages that they share count for each."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total


def _searchable_by_words(status: dict[str, Any]) -> bool:
    """Whether all chunks can be found by words: the phases tell, if indexing has one for that."""
    progress = status["progress"]
    return bool(progress) and progress["phase"] not in ("scanning", "indexing")


def stages(root: Path) -> Values:
    """Return chunks a second of each stage alone, in this process, over a sample of the files."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    paths = random.Random(1).sample(paths, min(_SAMPLE_FILES, len(paths)))
    spent: dict[str, float] = {}

    def timed(stage: str, started: float) -> None:
        spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - started

    started = time.perf_counter()
    raws = [(str(path.relative_to(root)), path.read_bytes()) for path in paths]
    timed("read", started)
    started = time.perf_counter()
    texts = [(name, found) for name, raw in raws if not (found := extract(name, raw)).binary]
    timed("extract", started)
    started = time.perf_counter()
    chunked = [(name, found, chunk_file(name, found.text, found.language)) for name, found in texts]
    timed("chunk", started)
    embedder = default_embedder(1)
    embedder.embed_query("warm up")
    started = time.perf_counter()
    # In one call, as the crew embeds a batch of files.
    rows = embedder.embed_chunks([embed_text(name, chunk) for name, _, chunks in chunked for chunk in chunks])
    timed("embed", started)
    vectors = np.split(rows, np.cumsum([len(chunks) for _, _, chunks in chunked])[:-1])
    files = [_file(name, found.language, found.encoding, chunks, own)
             for (name, found, chunks), own in zip(chunked, vectors, strict=True)]  # fmt: skip
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="vxr") as base:
        os.mkdir(os.path.join(base, SEGMENTS_NAME))
        out = SegmentWriter(base, "sample", durable=False)
        build_segment(out, files, msgspec.to_builtins(embedder.fingerprint))
    timed("postings and columns", started)
    count = sum(len(chunks) for _, _, chunks in chunked)
    rates = {stage: round(count / seconds) for stage, seconds in spent.items()}
    slowest = min(rates, key=rates.__getitem__)
    size = sum(len(raw) for _, raw in raws)
    return {
        "chunks": count,
        "bytes": size,
        "chunks_s": rates,
        "slowest": slowest,
        "slowest_chunks_s": rates[slowest],
    }


def _file(name: str, language: str, encoding: str, chunks: list[Chunk], rows: Any) -> IndexedFile:
    return IndexedFile(
        path=name, stamp=_STAMP, checked_ns=0, content_hash=bytes(16), language=language, encoding=encoding,
        chunks=chunks, vectors=rows,
    )  # fmt: skip


def edits(
    client: Client, project: str, count: int = 100, suffixes: tuple[str, ...] = (".py", ".c")
) -> Values:
    """Save a file and ask for what was written: ms from the end of the write to the answer. All is undone."""
    chance = random.Random(1)
    files = sorted(
        path
        for path in Path(project).rglob("*")
        if path.suffix in suffixes and 200 < path.stat().st_size < 200_000
    )
    times: list[float] = []
    found = stale = 0
    for path in chance.sample(files, min(count, len(files))):
        before, marker = path.read_bytes(), "".join(chance.choices(_CONSONANTS, k=14))
        lines = before.split(b"\n")
        lines.insert(chance.randrange(len(lines)), f"/* {marker} */".encode())
        try:
            path.write_bytes(b"\n".join(lines))
            started = time.perf_counter()
            answer = client.request("search", query=marker, path=project, fresh_ms=5000)
            times.append((time.perf_counter() - started) * 1000)
        finally:
            path.write_bytes(before)
        stale += answer["stale"]
        found += any(marker in hit["text"] for hit in answer["results"][0]["hits"])
    client.request("wait", path=project, timeout_ms=60_000, timeout_s=65)
    return {**spread(times), "found": found, "stale": stale, "times_ms": [round(one, 2) for one in times]}


def restart(daemon: Daemon, project: str, query: str) -> Values:
    """Stop and start the daemon; return seconds until it is ready, has answered, and is fresh for sure."""
    daemon.stop()
    started = time.perf_counter()
    daemon.start()
    ready = time.perf_counter() - started
    client = daemon.client()
    try:
        hits = client.request("search", query=query, path=project)["results"][0]["hits"]
        answered = time.perf_counter() - started
        reply = client.request("search", query=query, path=project, fresh_ms=60_000)
        fresh = time.perf_counter() - started
    finally:
        client.close()
    return {
        "ready_s": round(ready, 3), "answer_s": round(answered, 3), "fresh_s": round(fresh, 3),
        "hits": len(hits), "stale": reply["stale"],
    }  # fmt: skip


def footprint(daemon: Daemon, client: Client, project: str, watch_s: float = 20.0) -> Values:
    """Return memory and disk a chunk, and what both processes do while nothing happens."""
    status = project_status(client, project)
    server, indexer = daemon.processes()
    chunks = max(1, status["chunks"])
    maps = _rollup(server)
    before = _activity(server, indexer)
    threading.Event().wait(watch_s)
    after = _activity(server, indexer)
    lived = before.keys() & after.keys()
    spent_s, woken = (sum(after[one][kind] - before[one][kind] for one in lived) for kind in (0, 1))
    return {
        "chunks": chunks,
        "server": maps,
        "server_rss_chunk": round(maps["Rss"] / chunks, 1),
        "server_anonymous_chunk": round(maps["Anonymous"] / chunks, 1),
        "indexer_rss": indexer.memory_info().rss,
        "disk": status["index_bytes"],
        "disk_chunk": round(status["index_bytes"] / chunks, 1),
        "idle_cpu_percent": round(100 * spent_s / watch_s, 3),
        "idle_wakeups_s": round(woken / watch_s, 2),
    }


def _rollup(process: psutil.Process) -> dict[str, int]:
    """Return resident bytes by kind."""
    rows = (line.split() for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:])
    found = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows}
    return {name: found[name] for name in ("Rss", "Pss", "Anonymous")}


def _activity(*processes: psutil.Process) -> dict[str, tuple[float, int]]:
    """Return of each thread its CPU seconds (a tick is longer than all of it) and its voluntary switches."""
    found: dict[str, tuple[float, int]] = {}
    for process in processes:
        for thread in Path(f"/proc/{process.pid}/task").iterdir():
            seconds = int((thread / "schedstat").read_text().split()[0]) / 1e9
            lines = (thread / "status").read_text().splitlines()
            switches = next(int(line.split()[1]) for line in lines if line.startswith("voluntary"))
            found[thread.name] = seconds, switches
    return found
