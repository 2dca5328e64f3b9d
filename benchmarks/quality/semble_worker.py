"""Runs inside semble's own environment: makes its model folder, indexes corpora, answers questions.

python semble_worker.py REQUEST REPLY, both JSON files:
REQUEST {"roots": {repo: folder}, "queries": {repo: [query]}, "alpha": number or null, "top": n},
REPLY {"results": {repo: {query: [[path, start, end]]}}, "took_ms": [number]}.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from semble import SembleIndex  # type: ignore[import-not-found,unused-ignore]


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Index and ask."""
    reply: dict[str, Any] = {"results": {}, "took_ms": []}
    for repo, root in request["roots"].items():
        index = SembleIndex.from_path(root)
        found = reply["results"].setdefault(repo, {})
        for query in request["queries"].get(repo, []):
            started = time.perf_counter()
            hits = index.search(query, top_k=request["top"], alpha=request["alpha"])
            reply["took_ms"].append((time.perf_counter() - started) * 1000)
            found[query] = [[hit.chunk.file_path, hit.chunk.start_line, hit.chunk.end_line] for hit in hits]
    return reply


if __name__ == "__main__":
    asked, answered = map(Path, sys.argv[1:3])
    answered.write_text(json.dumps(answer(json.loads(asked.read_text()))))
