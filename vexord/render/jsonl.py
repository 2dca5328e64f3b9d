"""Hits as JSON lines for programs: every hit, then one line on the reply as a whole."""

import json

import msgspec
from vexor_protocol.jsonl import HitLine, Line, ReplyLine
from vexor_protocol.messages import SearchResult


def render_jsonl(result: SearchResult) -> str:
    r"""Return `{"type": "hit", …}` lines in rank order, query by query, and last `{"type": "reply", …}`.

    A hit's `stale`, `generation` and `clock` are those of its own project. All is ASCII: undecodable bytes of
    paths appear as `\udcXX`, which Python's `os.fsencode` turns back into the bytes.
    """
    lines: list[Line] = []
    freshness = {project.project: project for project in result.projects}
    for found in result.results:
        for rank, hit in enumerate(found.hits, 1):
            worth = freshness.get(hit.project) or result
            lines.append(
                HitLine(
                    query=found.query,
                    rank=rank,
                    stale=worth.stale,
                    generation=worth.generation,
                    clock=worth.clock,
                    **msgspec.structs.asdict(hit),
                )
            )
    lines.append(
        ReplyLine(
            stale=result.stale,
            generation=result.generation,
            clock=result.clock,
            hits=sum(len(found.hits) for found in result.results),
            projects=result.projects,
            registered=result.registered,
            partial=any(found.partial for found in result.results),
            corrected=[item for found in result.results for item in found.corrected],
            notes=result.notes,
            took_ms=round(sum(found.took_ms for found in result.results), 3),
        )
    )
    return "".join(_dump(line) + "\n" for line in lines)


def _dump(line: Line) -> str:
    # not msgspec's encoder: it refuses lone surrogates
    return json.dumps(msgspec.to_builtins(line), ensure_ascii=True, separators=(",", ":"))
