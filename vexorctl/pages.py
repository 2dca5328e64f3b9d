"""What pages for people have in common, and that of `list`; drawn with rich."""

import os

from rich.console import Console
from rich.table import Table
from rich.text import Text

from vexorctl.values import JsonObject, members, number, text

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
            state_of(project),
            f"{number(project, 'files'):,}",
            f"{number(project, 'chunks'):,}",
            size(number(project, "index_bytes")),
            Text(text(project, "project")),
        )
    console(color).print(table)


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


def state_of(project: JsonObject) -> Text:
    """Return a project's state in its colour; `degraded` where not all is at its best."""
    state = text(project, "state")
    degraded = state == "ready" and members(project, "degraded")
    return Text("degraded" if degraded else state, "yellow" if degraded else _STATE_STYLES.get(state, ""))
