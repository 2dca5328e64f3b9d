"""Render a search reply in the format that the client asked for."""

from collections.abc import Callable, Mapping

from vexor_protocol.messages import RenderOptions, SearchResult

from vexord.render.jsonl import render_jsonl
from vexord.render.porcelain import render_porcelain
from vexord.render.text import render_text
from vexord.render.vexor import render_vexor_json, render_vexor_porcelain, render_vexor_porcelain_z


def render_search(result: SearchResult, options: RenderOptions) -> str:
    """Return what the client is to write to its standard output, closing newline included.

    Contains no lone surrogates, so it can be sent as JSON. Empty if there are no hits, except for the formats
    of JSON.
    """
    return _FORMATS[options.format](result, options)


_FORMATS: Mapping[str, Callable[[SearchResult, RenderOptions], str]] = {
    "text": render_text,
    "porcelain": lambda result, _: render_porcelain(result),
    "porcelain-z": lambda result, _: render_porcelain(result, end="\0"),
    "jsonl": lambda result, _: render_jsonl(result),
    "vexor-porcelain": render_vexor_porcelain,
    "vexor-porcelain-z": render_vexor_porcelain_z,
    "vexor-json": render_vexor_json,
}
