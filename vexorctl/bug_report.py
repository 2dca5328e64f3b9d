"""What a bug report needs, without anything of the user's: figures, names of ours, pseudonyms for the rest.

Only what is listed here is taken: numbers, and words that this program chose. Other text goes through
`Pseudonyms`.
"""

import importlib.metadata
import json
import os
import platform
import re
import resource
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from vexor_protocol.configuration import load
from vexor_protocol.keys import VARIABLES, find_key
from vexor_protocol.settings import DEFAULT_MODELS, KEY_VARIABLE, ConfigError, setting

from vexorctl.checks import examine
from vexorctl.checks_machine import file_system, inotify_use, number, watch_limit
from vexorctl.errors import ClientError
from vexorctl.findings import Ask
from vexorctl.folders import config_dir, log_file, shared_folders
from vexorctl.pseudonyms import Pseudonyms
from vexorctl.stopping import lock_holder
from vexorctl.values import JsonObject, member, members, text
from vexorctl.version import DISTRIBUTION

LOG_LINES = 400
_OUR_KINDS = re.compile(r"json|npy|tv|sqlite|sqlite-wal|sqlite-shm|log|lock|toml|tmp|\d")
_ERRORS = 20
_TAIL_BYTES = 2_000_000
_JOURNAL_S = 5.0
_JOURNAL = re.compile(r"(\S+) \S+ \S+\[\d+\]: (.*)")
_PROJECT_FIGURES = (
    "state", "generation", "files", "chunks", "segments", "pending", "index_bytes", "model", "mode",
    "mode_origin", "added_at", "indexed_at", "last_event_at", "behind_since", "scans", "doubts", "progress",
)  # fmt: skip
_SECOND_FIGURES = ("rows", "total", "next_rows", "held_back", "unfit", "awaiting_consent")
_DAEMON_FIGURES = (
    "version", "protocol", "pid", "uptime_s", "rss_bytes", "mapped_bytes", "clients", "searches",
    "rejected_peers", "query_cache", "unclean_ends",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report."""

    title: str
    lines: list[str]


def gather(ask: Ask) -> list[Section]:
    """Collect everything; whatever cannot be had is said in its place."""
    try:
        status: JsonObject = ask("status")
        silence = ""
    except ClientError as error:
        status, silence = {}, error.message
        ask = _refusing(error)  # a daemon that hangs is waited for once
    names = Pseudonyms(_known_folders(status))
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "versions": lambda: _versions(status),
        "machine": lambda: _machine(status),
        "settings": _settings,
        "doctor": lambda: _findings(ask, names),
        "daemon": lambda: _daemon(status, silence, names),
        "projects": lambda: _projects(status, names),
        "processes": _processes,
        "folders": _folders,
        "indexes": lambda: _indexes(status),
        "starts": _starts,
        "errors in the log": lambda: _log(names, errors=True),
        "end of the log": lambda: _log(names, errors=False),
    }
    sections = []
    for title, part in parts.items():
        try:
            lines = list(part())
        except Exception as error:  # a report of what is broken must not break over it
            lines = [f"cannot be told: {type(error).__name__}"]
        sections.append(Section(title, lines))
    return sections


def _refusing(error: ClientError) -> Ask:
    def ask(_method: str) -> JsonObject:
        raise error

    return ask


def _known_folders(status: JsonObject) -> dict[str, str]:
    known = {os.path.expanduser("~"): "~", os.getcwd(): "CWD"}
    known |= {folder.path: folder.name.upper() for folder in shared_folders()}
    known |= {text(one, "project"): f"P{place}" for place, one in enumerate(members(status, "projects"), 1)}
    return known


# --- what stands still -------------------------------------------------------------------------------------


def _versions(status: JsonObject) -> Iterator[str]:
    yield f"vexorctl {_version(DISTRIBUTION)}, daemon {text(status, 'version') or 'unknown'}"
    yield f"Python {platform.python_version()} {platform.python_implementation()}, {platform.platform()}"
    yield f"libc {' '.join(platform.libc_ver())}, {platform.machine()}, utf8 mode {sys.flags.utf8_mode}"
    needed = importlib.metadata.requires(DISTRIBUTION) or ()
    for name in sorted({re.split(r"[ ;<>=!~\[]", one, maxsplit=1)[0] for one in needed}):
        if found := _version(name):
            yield f"{name} {found}"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _machine(status: JsonObject) -> Iterator[str]:
    memory = psutil.virtual_memory()
    yield f"{os.cpu_count()} cores, load {' '.join(f'{one:.2f}' for one in os.getloadavg())}"
    swap = psutil.swap_memory().used
    yield f"memory {memory.total:,} bytes, {memory.available:,} available, swap {swap:,} used"
    for name in ("NOFILE", "NPROC", "AS", "MEMLOCK", "CORE"):
        soft, hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))
        yield f"limit {name.lower()} {soft} {hard}"
    if (instances := number("/proc/sys/fs/inotify/max_user_instances")) is not None:
        used = inotify_use()
        yield f"inotify instances {used[0]} of {instances}, watches {used[1]} of {watch_limit()}"
    for folder in shared_folders():
        yield f"{folder.name} folder on {file_system(folder.path) or '?'}, set by {folder.origin}"
    for place, project in enumerate(members(status, "projects"), 1):
        yield f"P{place} on {file_system(text(project, 'project')) or '?'}"
    ours = sorted(name for name in os.environ if name.startswith(("VEXOR", "XDG_")))
    yield f"variables set: {', '.join(ours) or 'none'}"


def _settings() -> Iterator[str]:
    try:
        found = load(config_dir())
    except ConfigError:
        yield "the settings are wrong; see doctor"
        return
    for name, one in found.items():
        shown = str(one.value) if _harmless(name, one.value) else "(set)" if one.value else "-"
        yield f"{name} = {shown}  {one.origin}"
    provider = str(found["embedding.provider"].value)
    if provider in VARIABLES:
        try:
            key = find_key(provider, config_dir())
        except ConfigError:
            yield "key: its file cannot be used"
            return
        origin = key.origin if key is not None and key.origin.startswith(("$", "keyring")) else "its file"
        yield f"key: {'set, from ' + origin if key is not None else 'not set'}"
    yield f"key variables set: {', '.join(_key_variables()) or 'none'}"


def _harmless(name: str, value: object) -> bool:
    """Whether a value says nothing but which of our words was chosen."""
    return isinstance(value, int) or bool(setting(name).words) or value in DEFAULT_MODELS.values()


def _key_variables() -> list[str]:
    every = (KEY_VARIABLE, *(name for names in VARIABLES.values() for name in names))
    return [name for name in every if os.environ.get(name)]


# --- what the daemon says ----------------------------------------------------------------------------------


def _findings(ask: Ask, names: Pseudonyms) -> Iterator[str]:
    for one in examine(ask):
        mend = f" | {names.text(one.mend)}" if one.mend else ""
        yield f"{one.level:<4}  {one.check}: {names.text(one.message)}{mend}"


def _daemon(status: JsonObject, silence: str, names: Pseudonyms) -> Iterator[str]:
    if silence:
        yield f"it does not answer: {names.text(silence)}"
        return
    yield from _figures(status, _DAEMON_FIGURES)
    indexer = member(status, "indexer")
    yield from (f"indexer {line}" for line in _figures(indexer, tuple(indexer)) if "last_error" not in line)
    yield f"indexer last_error = {names.text(text(indexer, 'last_error'))}"
    yield from _states(status)
    if remote := member(status, "remote"):
        yield f"provider = {text(remote, 'provider')}"
        for part in ("bulk", "queries"):
            figures = member(remote, part)
            told = [name for name in figures if name != "problem"]
            yield from (f"provider {part} {line}" for line in _figures(figures, told))
            yield f"provider {part} problem = {names.text(text(figures, 'problem'))}"


def _projects(status: JsonObject, names: Pseudonyms) -> Iterator[str]:
    for place, project in enumerate(members(status, "projects"), 1):
        yield f"P{place}"
        yield from (f"  {line}" for line in _figures(project, _PROJECT_FIGURES))
        yield from (f"  second {line}" for line in _figures(member(project, "second"), _SECOND_FIGURES))
        yield from (f"  {line}" for line in _states(project))
        for one in members(project, "degraded"):
            yield f"  said of it: {names.text(text(one, 'message'))}"
        for one in members(project, "skipped"):
            yield f"  skipped {one.get('count')}: {names.text(text(one, 'reason'))}"


def _figures(source: JsonObject, wanted: Iterable[str]) -> Iterator[str]:
    for name in wanted:
        if name in source:
            yield f"{name} = {json.dumps(source[name])}"


def _states(source: JsonObject) -> Iterator[str]:
    if states := [text(one, "name") for one in members(source, "degraded")]:
        yield f"degraded = {', '.join(states)}"


# --- what lies on the disk ---------------------------------------------------------------------------------


def _processes() -> Iterator[str]:
    """The daemon and its children as the system sees them, also if they hang."""
    try:
        server = lock_holder()
    except (ClientError, OSError):
        server = None
    if server is None:
        yield "no daemon holds the lock"
        return
    for process in (server, *server.children(recursive=True)):
        try:
            with process.oneshot():
                times, memory = process.cpu_times(), process.memory_info()
                yield (
                    f"{process.pid} {process.status()} threads={process.num_threads()} "
                    f"descriptors={process.num_fds()} cpu_s={times.user + times.system:.1f} rss={memory.rss} "
                    f"nice={process.nice()} children={len(process.children())}"
                )
        except psutil.Error as error:
            yield f"{process.pid} {type(error).__name__}"


def _folders() -> Iterator[str]:
    """Sizes and counts by kind of file; no names but our own."""
    for folder in shared_folders():
        sizes: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for above, _, files in os.walk(folder.path):
            for name in files:
                kind = name.rpartition(".")[2] if "." in name else name
                kind = kind if _OUR_KINDS.fullmatch(kind) else "other"
                try:
                    sizes[kind] += os.lstat(os.path.join(above, name)).st_size
                except OSError:
                    continue
                counts[kind] += 1
        kinds = ", ".join(f"{kind} {counts[kind]:,} of {sizes[kind]:,} bytes" for kind in sorted(counts))
        yield f"{folder.name}: {kinds or 'empty'}"


def _indexes(status: JsonObject) -> Iterator[str]:
    """The manifests of the cache folder: generations, segments, sizes."""
    cache = next(folder.path for folder in shared_folders() if folder.name == "cache")
    places = [
        Path(cache, "projects"),
        *(Path(text(one, "project"), ".vexord") for one in members(status, "projects")),
    ]
    for manifest in sorted(path for place in places for path in place.glob("*/manifest.json")):
        try:
            told = json.loads(manifest.read_bytes())
        except (OSError, ValueError) as error:
            yield f"a manifest cannot be read: {type(error).__name__}"
            continue
        content = member(told, "body") if isinstance(told, dict) else {}
        segments = members(content, "segments")
        yield (
            f"format {told.get('format')} generation {content.get('generation')} segments {len(segments)} "
            f"rows {[one.get('rows') for one in segments][:50]} "
            f"files {[one.get('files') for one in segments][:50]} "
            f"refined {[member(one, 'refined').get('count') for one in segments if one.get('refined')][:50]}"
        )


def _starts() -> Iterator[str]:
    state = next(folder.path for folder in shared_folders() if folder.name == "state")
    for one in json.loads(Path(state, "starts.json").read_bytes()):
        yield f"{one['at']} pid {one['pid']} version {one['version']} {one['ended']} {one['ended_at']}"


def _log(names: Pseudonyms, *, errors: bool) -> Iterator[str]:
    lines = _log_lines()
    if errors:
        lines = [line for line in lines if re.match(r"\S+ (error|critical) ", line)][-_ERRORS:]
    for line in lines[-LOG_LINES:]:
        when, _, rest = line.partition(" ")
        timed = re.fullmatch(r"[\d:.TZ+-]{20,30}", when)
        yield f"{when} {names.text(rest)}" if timed else names.text(line)


def _log_lines() -> list[str]:
    """The end of the log file, or where there is none of the journal, without the machine's name."""
    try:
        with open(log_file(), "rb") as file:
            file.seek(-min(_TAIL_BYTES, os.fstat(file.fileno()).st_size), os.SEEK_END)
            return file.read().decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        command = ["journalctl", "--user", "-u", "vexord", "-n", "5000", "-o", "short-iso", "--no-pager"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_JOURNAL_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return []
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        return [f"{match[1]} {match[2]}" for line in lines if (match := _JOURNAL.match(line))]
