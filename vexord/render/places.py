"""Names of places: the path to show, and the way to a symbol."""

from vexor_protocol.messages import Hit

_CRUMB = " > "


def absolute_path(hit: Hit) -> str:
    """Return the absolute path of the hit's file."""
    return f"{hit.project.rstrip('/')}/{hit.path}"


def shown_path(hit: Hit, base: str | None, several_projects: bool) -> str:
    """Return the path for people: relative to `base` if it lies below it, else absolute.

    Without `base` it is relative to the project, unless there are several.
    """
    full = absolute_path(hit)
    if base is None:
        return full if several_projects else hit.path
    return full.removeprefix(base.rstrip("/") + "/")


def breadcrumb(hit: Hit) -> str:
    """Return parents and symbol: `Router.bind`, or `Guide > Install` in prose."""
    parts = [part for part in (hit.parent, hit.symbol) if part]
    prose = hit.kind == "section" or _CRUMB in (hit.parent or "")
    return (_CRUMB if prose else ".").join(parts)
