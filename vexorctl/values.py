"""Reads the members of a decoded reply with the type that is expected there."""

JsonObject = dict[str, object]


def text(source: JsonObject, name: str) -> str:
    """Return a text, or an empty one."""
    value = source.get(name)
    return value if isinstance(value, str) else ""


def number(source: JsonObject, name: str) -> int:
    """Return a whole number, or 0."""
    value = source.get(name)
    return int(value) if isinstance(value, int | float) else 0


def seconds(source: JsonObject, name: str) -> float | None:
    """Return a number, or None."""
    value = source.get(name)
    return float(value) if isinstance(value, int | float) else None


def member(source: JsonObject, name: str) -> JsonObject:
    """Return an object, or an empty one."""
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def members(source: JsonObject, name: str) -> list[JsonObject]:
    """Return the objects of a list."""
    value = source.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(source: JsonObject, name: str) -> list[str]:
    """Return the texts of a list."""
    value = source.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def plural(count: int, noun: str, ending: str = "s") -> str:
    """Return a count with its noun, e.g. `1,024 files`."""
    return f"{count:,} {noun}{'' if count == 1 else ending}"
