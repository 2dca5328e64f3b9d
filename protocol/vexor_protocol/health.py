"""How projects, scans and the indexer fare: what `status`, replies and events have in common."""

from typing import Literal

from msgspec import Struct


class Progress(Struct, kw_only=True):
    """How far a scan of one project has come. Rates are per second over the last few seconds."""

    phase: Literal["scanning", "indexing"]
    files_done: int
    files_total: int
    bytes_done: int
    bytes_total: int
    chunks_done: int
    elapsed_s: float
    eta_s: float | None = None


class Degraded(Struct, kw_only=True, frozen=True):
    """A sticky, named reason why a project is not at its best, with what mends it."""

    name: str
    message: str
    hint: str = ""


class SkippedFiles(Struct, kw_only=True, frozen=True):
    """Files that are indexed by name only, or not at all, counted by reason, with a few examples."""

    reason: str
    count: int
    examples: list[str]


class SecondModel(Struct, kw_only=True, frozen=True):
    """How far the rows of a second model, made when the machine is idle, have come."""

    model: str
    rows: int
    """Chunks that have a row, of `total`."""
    total: int


class ProjectStatus(Struct, kw_only=True):
    """State of one project as last reported by the indexer."""

    project: str
    name: str
    state: Literal["new", "indexing", "ready", "failed", "root_gone"]
    generation: int
    clock: str
    files: int
    chunks: int
    segments: int
    pending: int
    index_bytes: int
    model: str
    mode: str = "auto"
    """How much of each file is indexed."""
    mode_origin: str = "default"
    """What says so: `default`, a file, `$VARIABLE`, or the registration."""
    second: SecondModel | None = None
    added_at: str
    indexed_at: str | None = None
    progress: Progress | None = None
    degraded: list[Degraded] = []
    skipped: list[SkippedFiles] = []


class IndexerStatus(Struct, kw_only=True):
    """The indexer process."""

    state: Literal["starting", "running", "restarting", "stopped"]
    pid: int | None
    restarts: int
    rss_bytes: int
    watches: int
    watch_limit: int | None
    queue: int
    last_error: str = ""


class SettingInEffect(Struct, kw_only=True, frozen=True):
    """A setting as it holds now. Keys of providers are no settings, and are told nowhere."""

    name: str
    value: str | int | list[str]
    origin: str
    """What set it: `default`, `config.toml`, or `$VARIABLE` of the daemon's environment."""


class QueryCache(Struct, kw_only=True, frozen=True):
    """The cache of query embeddings: how full it is, and how often it spared the model since the start."""

    entries: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int
