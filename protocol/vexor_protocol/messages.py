"""Every message of the protocol, defined once.

The daemon validates requests with these structs, the JSON Schemas in `protocol/schema/` are generated from
them, and the specification in `protocol/README.md` names the same fields. Unknown fields in a request are
ignored; a missing or ill-typed one is refused by name. Lines are 1-based and inclusive. Paths are text:
bytes that are not UTF-8 appear as lone surrogates (Python's `surrogateescape`). A *project* is named by the
absolute path of its root folder.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from vexor_protocol.health import (
    Degraded,
    IndexerStatus,
    Progress,
    ProjectStatus,
    QueryCache,
    RemoteStatus,
    SettingInEffect,
)

MAX_QUERY_CHARS = 32_768
MAX_QUERIES = 100
MAX_HITS = 1_000
MAX_FRESH_MS = 600_000
MAX_LINE = 0xFFFF_FFFF

Text = Annotated[str, Meta(min_length=1, max_length=MAX_QUERY_CHARS)]
PathText = Annotated[str, Meta(min_length=1, max_length=4_096)]
Patterns = Annotated[list[Annotated[str, Meta(min_length=1, max_length=1_024)]], Meta(max_length=64)]
Millis = Annotated[int, Meta(ge=0, le=MAX_FRESH_MS)]


class Params(Struct, kw_only=True, omit_defaults=True):
    """Members that every method accepts."""

    v: int | None = None
    """Protocol version the client speaks; refused by name if this daemon does not serve it."""
    deadline_ms: Millis | None = None
    """The client's patience, in ms from the arrival of the request; an expired request is not worked on."""


# --- hello, status, shutdown -------------------------------------------------------------------------------


class HelloParams(Params):
    """`hello`: versions and capabilities; optional, for clients that want to know before they ask."""

    client: str = ""


class HelloResult(Struct, kw_only=True):
    """Who answers."""

    protocol: int
    protocol_min: int
    version: str
    boot_id: str
    pid: int
    capabilities: list[str]


class StatusParams(Params):
    """`status`: the daemon's health and every project's; never touches disk. `held_back`: with places."""

    held_back: bool = False


class StatusResult(Struct, kw_only=True):
    """The daemon as a whole."""

    version: str
    protocol: int
    boot_id: str
    pid: int
    uptime_s: float
    rss_bytes: int
    socket: str
    clients: int
    searches: int
    rejected_peers: int
    indexer: IndexerStatus
    projects: list[ProjectStatus]
    degraded: list[Degraded] = []
    query_cache: QueryCache | None = None
    settings: list[SettingInEffect] = []
    """Those of the daemon as a whole; a project's mode is in its own status."""
    remote: RemoteStatus | None = None
    """The provider that was chosen; null if text does not leave the machine."""
    rendered: str | None = None
    mapped_bytes: int = 0
    unclean_ends: list[str] = []


class ShutdownParams(Params):
    """`shutdown`: stop the daemon after the reply."""


class ShutdownResult(Struct, kw_only=True):
    """The daemon stops."""

    stopping: bool
    pid: int


# --- projects ----------------------------------------------------------------------------------------------


class RegisterParams(Params):
    """`register`: index and watch a folder. Idempotent."""

    path: PathText
    name: str | None = None
    exact: bool = True
    """False: register the enclosing git root instead of `path` itself, where there is one."""
    force: bool = False
    """Allow roots that are almost surely a mistake: `/` and the home folder."""
    index_in_project: bool = False
    """Keep the index in `<root>/.vexord/` (which ignores itself for git) instead of the cache folder."""
    mode: Literal["auto", "name", "head", "brief", "full", "code", "outline"] | None = None
    """How much of each file is indexed; none: as the settings say, or as it was."""
    consent: str | None = None
    """Agree that a provider and model (the result's `provider`) may be paid for all of the folder."""


class RegisterResult(Struct, kw_only=True):
    """The project that now covers the path."""

    project: str
    name: str
    created: bool
    clock: str
    covered_by: str | None = None
    provider: str = ""
    """The provider and model that were chosen, as `consent` names them; empty if none: text stays here."""
    consent: str = ""
    """The provider and model that may be paid for all of the folder; empty if none."""


class UnregisterParams(Params):
    """`unregister`: forget a folder and delete its index."""

    path: PathText


class UnregisterResult(Struct, kw_only=True):
    """What was removed."""

    project: str
    removed: bool


class ProjectsParams(Params):
    """`projects`: every registered folder with its state."""


class ProjectsResult(Struct, kw_only=True):
    """Registered folders, in order of registration."""

    projects: list[ProjectStatus]


class ReindexParams(Params):
    """`reindex`: compare the tree with the index again; `full` rebuilds from nothing beside the old index."""

    path: PathText
    full: bool = False


class ReindexResult(Struct, kw_only=True):
    """Accepted; `clock` is where the project stood; wait for a later one."""

    project: str
    clock: str


class WaitParams(Params):
    """`wait`: until every write that finished before this request is searchable, or until a given clock."""

    path: PathText | None = None
    """A folder inside a project; none means every project."""
    clock: str | None = None
    timeout_ms: Millis = 60_000


class WaitResult(Struct, kw_only=True):
    """Whether the wait ended well, and where each project stands."""

    reached: bool
    projects: list["ProjectFreshness"]


# --- search ------------------------------------------------------------------------------------------------


class Filters(Struct, kw_only=True, omit_defaults=True):
    """Restrict hits; all given filters must hold, any item of one filter suffices."""

    paths: Patterns = []
    """gitignore-style globs over the path inside the project, e.g. `src/**/*.py`."""
    exclude: Patterns = []
    languages: Patterns = []
    kinds: Patterns = []


class RenderOptions(Struct, kw_only=True, omit_defaults=True):
    """Ask the daemon to render the reply, so that a client only writes bytes."""

    format: Literal[
        "text", "porcelain", "porcelain-z", "jsonl", "vexor-porcelain", "vexor-porcelain-z", "vexor-json"
    ]
    """The last three are those of vexor 0.30."""
    width: Annotated[int, Meta(ge=20, le=1_000)] = 80
    color: bool = False
    links: bool = False
    """OSC-8 hyperlinks on paths."""
    base: str | None = None
    """Show paths relative to this folder (text and vexor's); the others stay relative to the project."""


class Like(Struct, kw_only=True, frozen=True):
    """A place in an indexed file; what is like it is searched."""

    path: PathText
    line: Annotated[int, Meta(ge=1, le=MAX_LINE)] | None = None
    """The definition at this line; without it, the file as a whole."""


class SearchParams(Params):
    """`search`: one or many queries over one, many or all projects."""

    query: Text | None = None
    queries: Annotated[list[Text], Meta(min_length=1, max_length=MAX_QUERIES)] | None = None
    """The reply's `results` has one entry a query."""
    like: Like | None = None
    """Exactly one of `query`, `queries` and `like` is given."""
    path: PathText | None = None
    """A folder: its project is searched, and only the part of it below this folder."""
    projects: Annotated[list[PathText], Meta(max_length=1_000)] | None = None
    """Roots of projects to search; with neither `path` nor `projects` all are searched."""
    register: bool = False
    """With `path`: register the enclosing git root (else the folder) if no project covers it."""
    top: Annotated[int, Meta(ge=1, le=MAX_HITS)] = 10
    fresh_ms: Millis = 0
    """How long to wait for proof that every earlier write is in the answer; 0 asks for no proof."""
    first_index_ms: Millis = 0
    """How long to wait instead if this request registered the folder, or nothing of it is indexed yet."""
    filters: Filters = msgspec.field(default_factory=Filters)
    syntax: Literal["operators", "literal", "text"] = "operators"
    """How queries are read: with operators, as one literal text, or as they stand."""
    explain: bool = False
    """Say of each hit what made up its score."""
    no_cache: bool = False
    """Neither take the embeddings of the queries from the server's cache nor keep them there."""
    render: RenderOptions | None = None


class Place(Struct, kw_only=True, frozen=True):
    """A further place in the same file."""

    start_line: int
    end_line: int
    score: float
    symbol: str | None
    kind: str


class Part(Struct, kw_only=True, frozen=True):
    """One signal's part in the score of a hit."""

    part: str
    value: float
    """What the signal said, on a scale of its own."""
    share: float
    """What that added to the score, or took from it; the shares of a hit add up to its score."""


class Hit(Struct, kw_only=True):
    """One answer: the best chunk of a file. `text` was read at answer time and is that of the generation."""

    path: str
    project: str
    start_line: int
    end_line: int
    score: float
    symbol: str | None
    kind: str
    language: str
    text: str
    parent: str | None = None
    focus_line: int | None = None
    """The line inside the chunk that carries most of the query's words."""
    more: list[Place] = []
    explain: list[Part] = []
    """What made up the score, if `explain` was asked for."""


class ProjectFreshness(Struct, kw_only=True):
    """What one project's part of an answer is worth."""

    project: str
    generation: int
    clock: str
    stale: bool
    reasons: list[str] = []
    pending: int = 0
    pending_paths: list[str] = []
    progress: Progress | None = None
    degraded: list[Degraded] = []


class Correction(Struct, kw_only=True, frozen=True):
    """A name that does not occur in what was searched, and those that were looked up instead."""

    written: str
    names: list[str]


class QueryResult(Struct, kw_only=True):
    """Hits for one query, best first."""

    query: str
    hits: list[Hit]
    dropped: int = 0
    """Candidates left out because their text had changed since the generation was published."""
    took_ms: float = 0.0
    partial: bool = False
    """A text could not be looked for everywhere in the time; there may be more hits."""
    corrected: list[Correction] = []
    """Names of a symbol query that do not exist; the hits are for other ones."""
    notes: list[str] = []
    """Lines for a person on this query; also among those of the reply."""


class SearchResult(Struct, kw_only=True):
    """The answer. `generation` and `clock` are those of the only project searched, else null."""

    results: list[QueryResult]
    stale: bool
    generation: int | None
    clock: str | None
    projects: list[ProjectFreshness]
    registered: str | None = None
    """Root of the folder that this request registered."""
    total: int = 0
    """Number of hits over all queries; present also when `results` is left out by `render`."""
    notes: list[str] = []
    """Lines for a person, for stderr: what was registered, why the answer may be stale, what is degraded."""
    rendered: str | None = None
    """Present if `render` was asked for; `results` is then empty."""


# --- subscribe ---------------------------------------------------------------------------------------------


class SubscribeParams(Params):
    """`subscribe`: stream progress and published generations as notifications named `event`."""

    path: PathText | None = None
    cancel: bool = False


class SubscribeResult(Struct, kw_only=True):
    """The subscription stands (or, cancelled, does not)."""

    subscribed: bool
    projects: list[str]


class EventParams(Struct, kw_only=True):
    """`event` notification: `progress`, `published`, `state`, `degraded`, or `overrun` (events were lost)."""

    event: Literal["progress", "published", "state", "degraded", "overrun"]
    project: str | None
    clock: str | None = None
    generation: int | None = None
    state: str | None = None
    progress: Progress | None = None
    changed: list[str] = []
    removed: list[str] = []
    degraded: list[Degraded] = []


METHODS: dict[str, tuple[type[Params], type[Any]]] = {
    "hello": (HelloParams, HelloResult),
    "status": (StatusParams, StatusResult),
    "shutdown": (ShutdownParams, ShutdownResult),
    "register": (RegisterParams, RegisterResult),
    "unregister": (UnregisterParams, UnregisterResult),
    "projects": (ProjectsParams, ProjectsResult),
    "reindex": (ReindexParams, ReindexResult),
    "wait": (WaitParams, WaitResult),
    "search": (SearchParams, SearchResult),
    "subscribe": (SubscribeParams, SubscribeResult),
}
"""Method name → (params struct, result struct)."""
