"""Hits as JSON lines for programs: every hit, then one line on the reply as a whole."""

import json
from typing import Any

import msgspec
from vexor_protocol.messages import Hit, ProjectFreshness, SearchResult


def render_jsonl(result: SearchResult) -> str:
    r"""Return `{"type": "hit", …}` lines in rank order, query by query, and last `{"type": "reply", …}`.

    A hit's `stale`, `generation` and `clock` are those of its own project. All is ASCII: undecodable bytes of
    paths appear as `\udcXX`, which Python's `os.fsencode` turns back into the bytes.
    """
    freshness = {project.project: project for project in result.projects}
    lines = [
        _dump(_hit(found.query, rank, hit, freshness.get(hit.project), result))
        for found in result.results
        for rank, hit in enumerate(found.hits, 1)
    ]
    lines.append(_dump(_reply(result)))
    return "\n".join(lines) + "\n"


def _hit(
    query: str, rank: int, hit: Hit, own: ProjectFreshness | None, result: SearchResult
) -> dict[str, Any]:
    worth = own or result
    return {
        "type": "hit",
        "query": query,
        "rank": rank,
        **msgspec.to_builtins(hit),
        "stale": worth.stale,
        "generation": worth.generation,
        "clock": worth.clock,
    }


def _reply(result: SearchResult) -> dict[str, Any]:
    return {
        "type": "reply",
        "stale": result.stale,
        "generation": result.generation,
        "clock": result.clock,
        "hits": sum(len(found.hits) for found in result.results),
        "projects": msgspec.to_builtins(result.projects),
        "registered": result.registered,
        "notes": result.notes,
        "took_ms": round(sum(found.took_ms for found in result.results), 3),
    }


def _dump(value: dict[str, Any]) -> str:
    # not msgspec: it refuses lone surrogates
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
