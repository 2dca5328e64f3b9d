"""`status` for people: first whether all is well, or what is wrong and its mend; then the projects."""

from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from vexorctl.pages import console, size, state_of
from vexorctl.paying import describe as describe_cost
from vexorctl.progress import describe, duration
from vexorctl.values import JsonObject, member, members, number, plural, seconds, text, texts
from vexorctl.version import mismatch_note

_LOST = {
    "failed": ("it cannot be indexed", "see: vexorctl logs"),
    "root_gone": (
        "its folder is not there; the last index answers",
        "put it back, or run: vexorctl remove {root}",
    ),
}

MOST_PLACES = 500
"""So many does the daemon name, as the protocol says."""


def print_status(status: JsonObject, color: str, *, verbose: bool = False) -> None:
    """Print the answer, each project with what it does, and a line of figures; all of them with `verbose`."""
    page = console(color)
    projects = members(status, "projects")
    _answer(page, status, projects)
    for project in projects:
        page.print()
        _project(page, project, verbose)
    page.print()
    if verbose:
        _figures(page, status)
    else:
        page.print(Text(f"{_in_short(status)}; more: --verbose", "dim"))
    mismatch_note(status)


def print_held_back(projects: list[JsonObject]) -> None:
    """Print the places that look like secrets and are not sent to a provider, one a line."""
    for project in projects:
        places = members(project, "held_back")
        second = member(project, "second")
        told = (
            plural(number(second, "held_back"), "chunk")
            if second
            else "no provider is chosen: nothing is sent"
        )
        print(f"{text(project, 'project')}: {told}{' held back' if second else ''}")
        for place in places:
            line = f":{number(place, 'line')}" if number(place, "line") else ""
            print(f"  {text(place, 'path')}{line}  {text(place, 'rule')}")
        if len(places) == MOST_PLACES:
            print(f"  only {MOST_PLACES} places of a project are named")


# --- the answer --------------------------------------------------------------------------------------------


def _answer(page: Console, status: JsonObject, projects: list[JsonObject]) -> None:
    troubles = _troubles(status, projects)
    if troubles:
        count = plural(len(troubles), "thing")
        page.print(Text(f"{count} {'is' if len(troubles) == 1 else 'are'} not well", "bold yellow"))
    else:
        page.print(Text.assemble(("all is well", "bold green"), f": {_doing(projects)}"))
    for owner, message, mend in troubles:
        page.print(_indented(Text.assemble(("! ", "yellow"), (owner, "bold"), f": {message}"), 2))
        if mend:
            page.print(_indented(Text(f"mend: {mend}"), 4))


def _troubles(status: JsonObject, projects: list[JsonObject]) -> list[tuple[str, str, str]]:
    """Return (whose, what, mend) of everything that is not well; what several projects share is said once."""
    found = [("vexord", text(one, "message"), text(one, "hint")) for one in members(status, "degraded")]
    indexer = member(status, "indexer")
    if text(indexer, "state") not in ("running", "starting"):
        error = text(indexer, "last_error")
        message = f"the indexer is {text(indexer, 'state')}{f' ({error})' if error else ''}; searches go on"
        found.append(("vexord", message, "it starts again by itself; see: vexorctl logs"))
    for project in projects:
        name = text(project, "name")
        told = {text(one, "name") for one in members(project, "degraded")}
        if text(project, "state") in _LOST and not told & {"root_gone", "index_failed"}:
            message, mend = _LOST[text(project, "state")]
            found.append((name, message, mend.format(root=text(project, "project"))))
        found += [(name, text(one, "message"), text(one, "hint")) for one in members(project, "degraded")]
    owners: dict[tuple[str, str], list[str]] = {}
    for owner, message, mend in found:
        owners.setdefault((message, mend), []).append(owner)
    return [(", ".join(dict.fromkeys(names)), *what) for what, names in owners.items()]


def _doing(projects: list[JsonObject]) -> str:
    if not projects:
        return "no folder is indexed yet; the first search in one does it"
    busy = [text(project, "name") for project in projects if member(project, "progress")]
    pending = sum(number(project, "pending") for project in projects)
    told = plural(len(projects), "project")
    if busy:
        return f"{told}, indexing {', '.join(busy[:3])}{' and more' if len(busy) > 3 else ''}"
    return f"{told}, {plural(pending, 'change')} on the way" if pending else f"{told}, up to date"


# --- projects ----------------------------------------------------------------------------------------------


def _project(page: Console, project: JsonObject, verbose: bool) -> None:
    page.print(
        Text.assemble(
            (text(project, "name"), "bold"), "  ", state_of(project), f"  {text(project, 'project')}"
        )
    )
    if member(project, "progress"):
        page.print(_indented(Text(describe(project, 0), "cyan"), 2))
    page.print(
        _indented(
            Text(
                f"{plural(number(project, 'files'), 'file')}, {plural(number(project, 'chunks'), 'chunk')}, "
                f"{size(number(project, 'index_bytes'))}; {_freshness(project)}"
            ),
            2,
        )
    )
    if text(project, "mode_origin") not in ("", "default"):
        page.print(_indented(Text(f"mode {text(project, 'mode')}, by {text(project, 'mode_origin')}"), 2))
    if second := member(project, "second"):
        page.print(_indented(Text(_second(second)), 2))
    for skipped in members(project, "skipped"):
        examples = ", ".join(texts(skipped, "examples")[: 5 if verbose else 2])
        told = f"skipped {number(skipped, 'count'):,}: {text(skipped, 'reason')} ({examples})"
        page.print(_indented(Text(told, "dim"), 2))
    if verbose:
        page.print(_indented(Text(_details(project), "dim"), 2))


def _freshness(project: JsonObject) -> str:
    parts = []
    behind, pending = text(project, "behind_since"), number(project, "pending")
    if behind:
        parts.append(f"behind for {ago(behind)}")
    if pending:
        parts.append(f"{plural(pending, 'change')} pending")
    if text(project, "last_event_at"):
        parts.append(f"last change {ago(text(project, 'last_event_at'))} ago")
    if text(project, "indexed_at"):
        parts.append(f"published {ago(text(project, 'indexed_at'))} ago")
    return ", ".join(parts) or "nothing published yet"


def _second(second: JsonObject) -> str:
    rows, total = number(second, "rows"), number(second, "total")
    notes = [f"{text(second, 'model')}: {rows:,} of {total:,} chunks"]
    if text(second, "next"):
        notes.append(f"{number(second, 'next_rows'):,} of {text(second, 'next')}, which then takes its place")
    if estimate := member(second, "estimate"):
        notes.append(f"left: {describe_cost(estimate)}")
    if number(second, "held_back"):
        notes.append(f"{plural(number(second, 'held_back'), 'chunk')} held back as secret (--held-back)")
    if number(second, "unfit"):
        notes.append(f"{plural(number(second, 'unfit'), 'text')} that the provider does not take")
    return "; ".join(notes)


def _details(project: JsonObject) -> str:
    return (
        f"generation {number(project, 'generation')} in {plural(number(project, 'segments'), 'segment')}, "
        f"model {text(project, 'model')}, {plural(number(project, 'scans'), 'scan')}, "
        f"{plural(number(member(project, 'doubts'), 'overflow'), 'overflow')} of the kernel's queue, "
        f"added {text(project, 'added_at')}"
    )


# --- figures -----------------------------------------------------------------------------------------------


def _in_short(status: JsonObject) -> str:
    indexer = member(status, "indexer")
    memory = number(status, "rss_bytes") - number(status, "mapped_bytes") + _indexer_memory(indexer)
    parts = [
        f"vexord {text(status, 'version')} up {duration(seconds(status, 'uptime_s') or 0)}",
        f"{size(memory)} of memory",
        f"{size(sum(number(project, 'index_bytes') for project in members(status, 'projects')))} of indexes",
    ]
    if restarts := number(indexer, "restarts"):
        parts.append(f"{plural(restarts, 'restart')} of the indexer")
    return ", ".join(parts)


def _figures(page: Console, status: JsonObject) -> None:
    indexer = member(status, "indexer")
    limit, watches = number(indexer, "watch_limit"), number(indexer, "watches")
    children, since = number(indexer, "children"), text(indexer, "started_at")
    mapped = number(status, "mapped_bytes")
    rows = [
        (
            "server",
            f"vexord {text(status, 'version')}, process {number(status, 'pid')}, "
            f"up {duration(seconds(status, 'uptime_s') or 0)}",
            size(number(status, "rss_bytes") - mapped)
            + (f" and {size(mapped)} of mapped files" if mapped else ""),
            plural(number(status, "clients"), "client"),
            plural(number(status, "searches"), "search", "es") + _cache(member(status, "query_cache")),
        ),
        (
            "indexer",
            f"{text(indexer, 'state')}, process {number(indexer, 'pid')}"
            + (f", up {ago(since)}" if since else ""),
            size(number(indexer, "rss_bytes")),
            f"{plural(children, 'helper')} with {size(number(indexer, 'children_rss_bytes'))}"
            if children
            else "",
            f"{watches:,}{f' of {limit:,}' if limit else ''} watches",
            f"{number(indexer, 'queue'):,} queued",
            plural(number(indexer, "restarts"), "restart"),
            f"last error: {text(indexer, 'last_error')}" if text(indexer, "last_error") else "",
        ),
        ("socket", text(status, "socket"), f"{number(status, 'rejected_peers'):,} peers refused"),
    ]
    if ends := texts(status, "unclean_ends"):
        rows.append(
            ("crashes", f"{len(ends)} of the last starts ended without being told to", f"last {ends[-1]}")
        )
    if remote := member(status, "remote"):
        key = f"key from {text(remote, 'key_from')}" if text(remote, "key_from") else "no key"
        rows.append(
            ("provider", f"{text(remote, 'provider')} {text(remote, 'model')}", text(remote, "endpoint"), key)
        )
        for what, name in (("embedding", "bulk"), ("queries", "queries")):
            if figures := member(remote, name):
                rows.append((f"  {what}", _provider_figures(figures)))
    for title, *parts in rows:
        line = Text.assemble((f"{title:<9} ", "bold"), ", ".join(part for part in parts if part))
        page.print(line)


def _indexer_memory(indexer: JsonObject) -> int:
    return number(indexer, "rss_bytes") + number(indexer, "children_rss_bytes")


def _cache(cache: JsonObject) -> str:
    """Return the share of query embeddings that were there already."""
    hits, asked = number(cache, "hits"), number(cache, "hits") + number(cache, "misses")
    return f", {hits / asked:.0%} of {asked:,} query vectors cached" if asked else ""


def _provider_figures(figures: JsonObject) -> str:
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


# -----------------------------------------------------------------------------------------------------------


def ago(moment: str) -> str:
    """Return the time since a moment (RFC 3339) for people."""
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return "?"
    return duration((datetime.now(UTC) - then).total_seconds())


def _indented(line: Text, columns: int) -> RenderableType:
    """Return a line that begins in a column, its folds too."""
    return Padding(line, (0, 0, 0, columns), expand=False)
