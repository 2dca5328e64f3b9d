"""The lines of `--json` and of `render: {"format": "jsonl"}`: one `hit` line each, then one `reply` line."""

from msgspec import Struct

from vexor_protocol.messages import Correction, Part, Place, ProjectFreshness


class HitLine(Struct, kw_only=True, tag="hit", tag_field="type"):
    """One hit. Lines are 1-based and inclusive; `path` is relative to the root `project`."""

    query: str
    rank: int
    """1 is best; counted anew for each query."""
    path: str
    project: str
    start_line: int
    end_line: int
    score: float
    symbol: str | None
    kind: str
    language: str
    parent: str | None
    text: str
    focus_line: int | None
    more: list[Place]
    explain: list[Part]
    stale: bool
    """That of its own project, like `generation` and `clock`: a line can be judged alone."""
    generation: int | None
    clock: str | None


class ReplyLine(Struct, kw_only=True, tag="reply", tag_field="type"):
    """The last line: what the answer as a whole is worth. `hits` is their number."""

    stale: bool
    generation: int | None
    clock: str | None
    hits: int
    projects: list[ProjectFreshness]
    registered: str | None
    partial: bool
    """Whether any query's hits are."""
    corrected: list[Correction]
    """Those of all queries."""
    notes: list[str]
    took_ms: float


Line = HitLine | ReplyLine
