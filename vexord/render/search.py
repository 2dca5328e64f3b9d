"""Render a search reply in the format that the client asked for."""

from vexor_protocol.messages import RenderOptions, SearchResult

from vexord.render.jsonl import render_jsonl
from vexord.render.porcelain import render_porcelain
from vexord.render.text import render_text


def render_search(result: SearchResult, options: RenderOptions) -> str:
    """Return what the client is to write to its standard output, closing newline included.

    Contains no lone surrogates, so it can be sent as JSON. Empty if there are no hits, except for `jsonl`.
    """
    match options.format:
        case "text":
            return render_text(result, options)
        case "porcelain":
            return render_porcelain(result)
        case "porcelain-z":
            return render_porcelain(result, end="\0")
        case "jsonl":
            return render_jsonl(result)
