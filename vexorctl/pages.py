"""`list` and `status` for people, drawn with rich."""

import os

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vexorctl.paying import describe as describe_cost
from vexorctl.progress import describe, duration
from vexorctl.values import JsonObject, member, members, number, plural, seconds, text, texts
from vexorctl.version import mismatch_note

_STATE_STYLES = {"ready": "green", "indexing": "cyan", "new": "cyan", "failed": "red", "root_gone": "red"}
_PLAIN_WIDTH = 200
"""Of a page that goes to a file or pipe: nothing is folded there."""


def print_projects(projects: list[JsonObject], color: str) -> None:
    """Print one row a project."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading, justify in (("name", "left"), ("state", "left"), ("files", "right"), ("chunks", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("folder", overflow="fold")
    for project in projects:
        table.add_row(
            Text(text(project, "name")),
            _state(project),
            f"{number(project, 'files'):,}",
            f"{number(project, 'chunks'):,}",
            size(number(project, "index_bytes")),
            Text(text(project, "project")),
        )
    console(color).print(table)


def print_status(status: JsonObject, color: str) -> None:
    """Print the daemon, its indexer, and each project with what it does and what is wrong with it."""
    page = console(color)
    indexer = member(status, "indexer")
    page.print(
        Text.assemble(
            ("vexord ", "bold"), f"{text(status, 'version')}  process {number(status, 'pid')}, up ",
            f"{duration(seconds(status, 'uptime_s') or 0)}, {_memory(status)}, ",
            f"{plural(number(status, 'clients'), 'client')}, "
            f"{plural(number(status, 'searches'), 'search', 'es')}{_cache(member(status, 'query_cache'))}",
        )
    )  # fmt: skip
    running = text(indexer, "state") == "running"
    limit = number(indexer, "watch_limit")
    page.print(
        Text.assemble(
            ("indexer ", "bold"), (text(indexer, "state"), "green" if running else "yellow"),
            f"  process {number(indexer, 'pid')}, {size(number(indexer, 'rss_bytes'))}, ",
            f"{number(indexer, 'watches'):,}{f' of {limit:,}' if limit else ''} watches",
            f", {number(indexer, 'queue'):,} queued" if number(indexer, "queue") else "",
            f", {plural(number(indexer, 'restarts'), 'restart')}" if number(indexer, "restarts") else "",
        )
    )  # fmt: skip
    if text(indexer, "last_error"):
        page.print(Text(f"  last error: {text(indexer, 'last_error')}", "yellow"))
    _degraded(page, status)
    page.print(Text.assemble(("socket ", "bold"), text(status, "socket")))
    if remote := member(status, "remote"):
        _remote(page, remote)
    for project in members(status, "projects"):
        _project(page, project)
    mismatch_note(status)


def _memory(status: JsonObject) -> str:
    mapped = number(status, "mapped_bytes")
    own = size(number(status, "rss_bytes") - mapped)
    return f"{own} and {size(mapped)} of mapped files" if mapped else own


def _cache(cache: JsonObject) -> str:
    """Return the share of query embeddings that were there already."""
    hits, asked = number(cache, "hits"), number(cache, "hits") + number(cache, "misses")
    return f", {hits / asked:.0%} of {asked:,} query vectors cached" if asked else ""


def console(color: str) -> Console:
    """Return a console that follows `--color`, NO_COLOR and the terminal."""
    page = Console(
        force_terminal={"always": True, "never": None}.get(color),
        no_color=color == "never" or (color == "auto" and bool(os.environ.get("NO_COLOR"))),
        highlight=False, emoji=False, markup=False,
    )  # fmt: skip
    if not page.is_terminal:
        page.width = _PLAIN_WIDTH
    return page


def size(count: int) -> str:
    """Return bytes for a person, e.g. `1.7 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _project(page: Console, project: JsonObject) -> None:
    page.print()
    page.print(
        Text.assemble((text(project, "name"), "bold"), "  ", _state(project), f"  {text(project, 'project')}")
    )
    page.print(
        f"  {plural(number(project, 'files'), 'file')}, {plural(number(project, 'chunks'), 'chunk')}, "
        f"{size(number(project, 'index_bytes'))} in {plural(number(project, 'segments'), 'segment')}, "
        f"generation {number(project, 'generation')}, {number(project, 'pending'):,} pending"
    )
    if text(project, "mode_origin") not in ("", "default"):
        page.print(f"  mode {text(project, 'mode')}, by {text(project, 'mode_origin')}")
    if second := member(project, "second"):
        _second(page, second)
    if member(project, "progress"):
        page.print(f"  {describe(project, 0)}")
    _degraded(page, project)
    for skipped in members(project, "skipped"):
        examples = ", ".join(texts(skipped, "examples")[:3])
        page.print(f"  skipped {number(skipped, 'count'):,}: {text(skipped, 'reason')} ({examples})")


def _second(page: Console, second: JsonObject) -> None:
    rows, total = number(second, "rows"), number(second, "total")
    notes = [f"{text(second, 'model')}: {rows:,} of {total:,} chunks"]
    if text(second, "next"):
        notes.append(f"{number(second, 'next_rows'):,} of {text(second, 'next')}, which then takes its place")
    if estimate := member(second, "estimate"):
        notes.append(f"left: {describe_cost(estimate)}")
    if number(second, "held_back"):
        notes.append(f"held back: {plural(number(second, 'held_back'), 'chunk')} that look like secrets")
    if number(second, "unfit"):
        notes.append(f"{plural(number(second, 'unfit'), 'text')} that the provider does not take")
    page.print(Text(f"  {'; '.join(notes)}"))


def _remote(page: Console, remote: JsonObject) -> None:
    key = f"key from {text(remote, 'key_from')}" if text(remote, "key_from") else "no key"
    page.print(
        Text.assemble(
            ("provider ", "bold"), f"{text(remote, 'provider')} {text(remote, 'model')}  ",
            f"{text(remote, 'endpoint')}, {key}",
        )
    )  # fmt: skip
    for what, name in (("embedding", "bulk"), ("queries", "queries")):
        if figures := member(remote, name):
            page.print(Text(f"  {what}: {_figures(figures)}"))


def _figures(figures: JsonObject) -> str:
    state = text(figures, "state")
    parts = [
        plural(number(figures, "requests"), "request"),
        plural(number(figures, "tokens"), "token"),
        plural(number(figures, "rows"), "row"),
        *(
            f"{number(figures, name):,} {name}"
            for name in ("waiting", "retries", "throttled", "failures", "split")
            if number(figures, name)
        ),
        f"up to {number(figures, 'at_once')} at once of {number(figures, 'batch')} texts",
    ]
    return ", ".join(parts) + (f"; {state}" if state != "well" else "")


def _degraded(page: Console, owner: JsonObject) -> None:
    for reason in members(owner, "degraded"):
        page.print(Text(f"  ! {text(reason, 'message')}", "yellow"))
        if text(reason, "hint"):
            page.print(f"    hint: {text(reason, 'hint')}")


def _state(project: JsonObject) -> Text:
    state = text(project, "state")
    degraded = state == "ready" and members(project, "degraded")
    return Text("degraded" if degraded else state, "yellow" if degraded else _STATE_STYLES.get(state, ""))
