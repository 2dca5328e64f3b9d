"""Hits in the shapes that vexor 0.30 prints, for scripts written for it."""

import json
import os

from vexor_protocol.messages import Hit, RenderOptions, SearchResult

from vexord.index.types import BY_NAME
from vexord.render.cells import clean
from vexord.render.places import absolute_path, shown_path

PREVIEW_CHARS = 160
CONTENT_CHARS = 2_000
"""Of one result."""
CONTENT_BUDGET = 8_000
"""Characters of content in one reply: the best results have theirs first."""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def render_vexor_porcelain(result: SearchResult, options: RenderOptions) -> str:
    r"""Return a line a hit: rank, score, path, chunk_index, start_line, end_line, preview; tabs between."""
    return "".join("\t".join(fields) + "\n" for fields in _records(result, options, _ESCAPES))


def render_vexor_porcelain_z(result: SearchResult, options: RenderOptions) -> str:
    r"""Return the same fields, each ended by NUL: seven of them are a hit, and no line end sets hits off."""
    return "".join("\0".join(fields) + "\0" for fields in _records(result, options, {}))


def render_vexor_json(result: SearchResult, options: RenderOptions) -> str:
    """Return one object for each query; `content` is the text of the hit, as far as the budget goes."""
    return "".join(
        json.dumps(_reply(result, found.hits, options), indent=2) + "\n" for found in result.results
    )


def _records(result: SearchResult, options: RenderOptions, escapes: dict[int, str]) -> list[list[str]]:
    return [
        [
            str(rank),
            f"{hit.score:.3f}",
            clean(_path(hit, options).translate(escapes)),
            "0",
            *(["-", "-"] if hit.kind in BY_NAME else [str(hit.start_line), str(hit.end_line)]),
            _preview(hit).translate(escapes) or "-",
        ]
        for found in result.results
        for rank, hit in enumerate(found.hits, 1)
    ]


def _reply(result: SearchResult, hits: list[Hit], options: RenderOptions) -> dict[str, object]:
    root = result.projects[0].project if len(result.projects) == 1 else "/"
    left = CONTENT_BUDGET
    results = []
    for rank, hit in enumerate(hits, 1):
        content = hit.text[: min(CONTENT_CHARS, left)]
        left -= len(content)
        results.append(_result(rank, hit, content, options))
    return {
        "path": _base(options) or root,
        "backend": "vexord",
        "reranker": "hybrid",
        "stale": result.stale,
        "index_empty": all(project.generation == 0 for project in result.projects),
        "results": results,
        "content_budget": {"limit": CONTENT_BUDGET, "used": CONTENT_BUDGET - left},
    }


def _result(rank: int, hit: Hit, content: str, options: RenderOptions) -> dict[str, object]:
    has_lines = hit.kind not in BY_NAME
    return {
        "rank": rank,
        "score": round(hit.score, 4),
        "path": _path(hit, options),
        "absolute_path": absolute_path(hit),
        "chunk_index": 0,
        "start_line": hit.start_line if has_lines else None,
        "end_line": hit.end_line if has_lines else None,
        "preview": _preview(hit),
        "content": content or None,
        "content_start_line": hit.start_line if content else None,
        "content_end_line": hit.start_line + content.count("\n") if content else None,
        "content_truncated": bool(content) and len(content) < len(hit.text),
        "content_unavailable": None if content else "budget_exhausted" if hit.text else "no_line_range",
    }


def _path(hit: Hit, options: RenderOptions) -> str:
    path = shown_path(hit, _base(options), several_projects=False)
    return path if path.startswith("/") else f"./{path}"


def _base(options: RenderOptions) -> str | None:
    """Roots of projects are canonical; the folder that was named need not be."""
    if options.base is None:
        return None
    try:
        return os.path.realpath(options.base)
    except ValueError:  # no file system could hold it: it is shown as it came
        return options.base


def _preview(hit: Hit) -> str:
    return clean(" ".join(hit.text.split()))[:PREVIEW_CHARS].rstrip()
