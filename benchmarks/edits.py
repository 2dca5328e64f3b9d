"""Random edits: is each in the next fresh answer, is each removed text gone, and how long does it take?"""

import argparse
import os
import random
import secrets
import time
from pathlib import Path

from benchmarks.harness import daemon_on, describe_machine, quantiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree")
    parser.add_argument("--edits", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh-ms", type=int, default=2000)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with daemon_on(options.tree) as daemon:
        client = daemon.client()
        files = sorted(str(path) for path in Path(daemon.tree).rglob("*.py") if path.stat().st_size > 200)
        times, found, gone, stale = [], 0, 0, 0
        markers: dict[str, str] = {}
        for _ in range(options.edits):
            path = chance.choice(files if not markers or chance.random() < 0.5 else sorted(markers))
            old, new = markers.get(path), "zq" + secrets.token_hex(6)
            text = Path(path).read_text(errors="surrogateescape")
            lines = [line for line in text.split("\n") if old is None or old not in line]
            lines.insert(chance.randrange(len(lines)), f"# {new} marks this line")
            Path(path).write_text("\n".join(lines), errors="surrogateescape")
            started = time.perf_counter()
            answer = client.request("search", query=new, path=daemon.tree, fresh_ms=options.fresh_ms, top=5)
            times.append((time.perf_counter() - started) * 1000)
            stale += answer["stale"]
            hits = answer["results"][0]["hits"]
            found += (
                bool(hits)
                and hits[0]["path"] == os.path.relpath(path, daemon.tree)
                and new in hits[0]["text"]
            )
            if old is not None:
                answer = client.request(
                    "search", query=old, path=daemon.tree, fresh_ms=options.fresh_ms, top=20
                )
                gone += not any(old in hit["text"] for hit in answer["results"][0]["hits"])
            markers[path] = new
        replaced = options.edits - len(markers)
        p50, p95, worst = quantiles(times, 0.5, 0.95, 1.0)
        print(describe_machine())
        print(f"new text first in the next fresh answer: {found} of {options.edits}; stale answers: {stale}")
        print(f"removed text no longer found: {gone} of {replaced}")
        print(f"edit to answer: p50 {p50:.1f} ms, p95 {p95:.1f} ms, max {worst:.1f} ms")


if __name__ == "__main__":
    main()
