"""Hits as tab-separated records, in the columns that vexor's scripts know."""

from vexor_protocol.messages import Hit, SearchResult

from vexord.index.types import BY_NAME
from vexord.render.cells import clean

PREVIEW_CHARS = 160
_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def render_porcelain(result: SearchResult, end: str = "\n") -> str:
    r"""Return a record a hit: rank, similarity, path, chunk_index, start_line, end_line, preview.

    `end` closes a record: LF or NUL. Ranks start at 1 in each query. The path is relative to the project;
    tab, newline and undecodable bytes in it appear as `\t`, `\n`, `\xNN`. `chunk_index` is the place of the
    chunk among those found in its file, best first: always 0, since only the best is listed. Lines are `-`
    for files without lines. The preview is one line of at most `PREVIEW_CHARS` characters.
    """
    return "".join(
        "\t".join(_columns(rank, hit)) + end
        for found in result.results
        for rank, hit in enumerate(found.hits, 1)
    )


def _columns(rank: int, hit: Hit) -> list[str]:
    has_lines = hit.start_line > 0 and hit.kind not in BY_NAME
    return [
        str(rank),
        f"{hit.score:.4f}",
        clean(hit.path.translate(_ESCAPES)),
        "0",
        str(hit.start_line) if has_lines else "-",
        str(hit.end_line) if has_lines else "-",
        clean(" ".join(hit.text.split()))[:PREVIEW_CHARS].rstrip(),
    ]
