"""Messages between server and indexer. Private: both ends are always of the same build."""

import msgspec
from vexor_protocol.health import Degraded, HeldBack, Progress, RemoteFigures, SecondModel, SkippedFiles


class ProjectSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the indexer needs to know of a project."""

    id: str
    """Short stable id, made from the root path; names the index folder."""
    root: str
    """Absolute, canonical path of the root folder (surrogateescape)."""
    index_dir: str
    """Absolute path of the folder that holds the index."""
    mode: str = "auto"
    """How much of each file is indexed, unless the project's own file says otherwise and may."""
    mode_origin: str = "default"
    """What says so, as in `vexor_protocol.configuration.Found`."""
    ignore: list[str] = []
    """The user's own patterns for every project."""
    consent: str = ""
    """Provider and model, `openai:text-embedding-3-small`, that may be paid whatever this project takes."""


# --- server → indexer --------------------------------------------------------------------------------------


class OpenProject(msgspec.Struct, tag=True):
    """Open or create the index, watch the root, reconcile; an open project takes on what is new in it."""

    spec: ProjectSpec


class CloseProject(msgspec.Struct, tag=True):
    """Stop watching; delete the index folder if asked."""

    id: str
    delete: bool


class Sync(msgspec.Struct, tag=True):
    """Barrier: answer `Synced` once all writes finished before this message are published."""

    id: str
    seq: int
    limit_ms: int


class Prefer(msgspec.Struct, tag=True):
    """Somebody searches in this folder while the project is indexed: its files come first."""

    id: str
    folder: str
    """Relative to the root."""


class Reindex(msgspec.Struct, tag=True):
    """Reconcile now; `full` embeds every file anew."""

    id: str
    full: bool


class Verify(msgspec.Struct, tag=True):
    """A search met what cannot be: read the index again whole, and build anew what is damaged."""

    id: str


class Stop(msgspec.Struct, tag=True):
    """Finish the write at hand and exit."""


# --- indexer → server --------------------------------------------------------------------------------------


class Hello(msgspec.Struct, tag=True):
    """The indexer is up."""

    pid: int


class State(msgspec.Struct, tag=True):
    """All that is known of one project; sent on every change and about twice a second during a scan."""

    id: str
    state: str
    epoch: str
    tick: int
    generation: int
    pending: int
    files: int
    chunks: int
    segments: int
    index_bytes: int
    model: str
    mode: str = "auto"
    mode_origin: str = "default"
    second: SecondModel | None = None
    progress: Progress | None = None
    degraded: list[Degraded] = []
    skipped: list[SkippedFiles] = []
    doubts: dict[str, int] = {}
    """How often changes may have been missed since the indexer opened the project, by reason."""
    held_back: list[HeldBack] = []
    last_event_at: str | None = None
    behind_since: str | None = None
    scans: int = 0


class Published(msgspec.Struct, tag=True):
    """A generation is on disk and may be opened; `changed` and `removed` name at most 100 paths each."""

    id: str
    generation: int
    epoch: str
    tick: int
    changed: list[str] = []
    removed: list[str] = []


class Synced(msgspec.Struct, tag=True):
    """Answer to `Sync`. Sent after the `Published` that it rests on."""

    id: str
    seq: int
    fresh: bool
    reasons: list[str]
    pending: int
    pending_paths: list[str]
    generation: int
    tick: int


class Closed(msgspec.Struct, tag=True):
    """Answer to `CloseProject`."""

    id: str


class Heartbeat(msgspec.Struct, tag=True):
    """Sent every second or so by the main loop itself, so that silence means a stuck loop."""

    rss_bytes: int
    watches: int
    watch_limit: int | None
    queue: int
    children: int = 0
    children_rss_bytes: int = 0


class Spent(msgspec.Struct, tag=True):
    """What was asked of the provider; sent when it has changed."""

    figures: RemoteFigures


ToIndexer = OpenProject | CloseProject | Sync | Prefer | Reindex | Verify | Stop
ToServer = Hello | State | Published | Synced | Closed | Heartbeat | Spent
