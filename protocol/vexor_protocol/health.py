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


class HeldBack(Struct, kw_only=True, frozen=True):
    """A place that looks like a secret, for which its chunk is not sent to a provider; never the secret."""

    path: str
    """Relative to the project's root."""
    line: int
    """1-based; 0 if the whole file is of a kind that holds secrets."""
    end_line: int
    rule: str
    """What says so: the form of a key by who gives it out, `private-key`, `password-in-url`, `assigned`, or
    `file-name`."""


class Estimate(Struct, kw_only=True, frozen=True):
    """What it takes to have a provider embed what is not embedded yet; at most, and about."""

    chunks: int
    tokens: int
    usd: float | None
    """At list prices; null where the price is not known, 0 for a server of one's own."""
    prices_of: str
    """Month of the list prices, `2026-11`."""


class SecondModel(Struct, kw_only=True, frozen=True):
    """How far the rows of a second model have come: a provider's, or of one that works when all is idle."""

    model: str
    rows: int
    """Chunks that have a row, of `total`."""
    total: int
    next: str = ""
    """Another model was chosen: its rows are being made, and take the place of these when they are whole."""
    next_rows: int = 0
    held_back: int = 0
    """Chunks that look as if they held a secret: they are not sent to a provider."""
    unfit: int = 0
    """Texts that the provider does not take, over all projects."""
    estimate: Estimate | None = None
    """Of what a provider still has to embed."""
    awaiting_consent: bool = False
    """Whether that costs more than a little, and nobody has agreed to it: nothing is sent."""


class RemoteFigures(Struct, kw_only=True, frozen=True):
    """What was asked of a provider since the process began, and how it went."""

    requests: int = 0
    """Sent, failed ones included."""
    tokens: int = 0
    """As the provider counted them; estimated where it does not say."""
    rows: int = 0
    """Texts that were embedded."""
    retries: int = 0
    throttled: int = 0
    """Answers that asked for patience (429)."""
    failures: int = 0
    """Other requests that failed."""
    at_once: int = 0
    """Requests that may be under way at the same time, as learnt."""
    batch: int = 0
    """Texts that go into one request, as learnt."""
    waiting: int = 0
    """Texts that have no row yet."""
    split: int = 0
    """Texts that were longer than the model takes; their row is the mean of their pieces."""
    set_aside: int = 0
    """Texts that the provider does not take."""
    state: str = "well"
    """`well`, `throttled`, `resting` (nothing is sent but a trial now and then) or `refused` (the same, until
    the key, the model's name or the account is mended)."""
    problem: str = ""
    """The last failure in words, until an answer comes."""


class RemoteStatus(Struct, kw_only=True, frozen=True):
    """The provider that was chosen."""

    provider: str
    model: str
    endpoint: str
    consent: str
    """What `register` takes as `consent`."""
    key_from: str = ""
    """Where its key was found; the key itself is never shown. Empty if there is none."""
    bulk: RemoteFigures | None = None
    """Of the indexer; null until it has told."""
    queries: RemoteFigures | None = None
    """Of searches; null until one was embedded."""


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
    doubts: dict[str, int] = {}
    """How often changes may have been missed since the daemon's start, by reason; each time the whole tree is
    compared with the index."""
    held_back: list[HeldBack] = []
    """Where, if `status` was asked for it; at most 500 places."""
    last_event_at: str | None = None
    behind_since: str | None = None
    """Since when there has been a change that is not in the index."""
    scans: int = 0


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
    started_at: str | None = None
    children: int = 0
    """Processes that work for it."""
    children_rss_bytes: int = 0


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
