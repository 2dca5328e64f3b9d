"""Reads the members of a decoded reply with the type that is expected there, and shows them to people."""

import sys

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


def clean(line: str) -> str:
    """Return a text with nothing in it that drives a terminal: names of folders may come from strangers.

    As in search results: control characters become their pictures, undecodable bytes `\\xNN`, others `�`.
    """
    return line if line.isprintable() else "".join(map(_clean, line))


def cleaned(value: object) -> object:
    """Return a decoded reply with every text in it clean, for pages that people read."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    return {key: cleaned(item) for key, item in value.items()} if isinstance(value, dict) else value


def say(line: str, *, error: bool = False) -> None:
    """Print a line, or several, for people."""
    print("\n".join(map(clean, line.split("\n"))), file=sys.stderr if error else sys.stdout, flush=True)


def _clean(character: str) -> str:
    code = ord(character)
    if character.isprintable():
        return character
    if code < 32:
        return chr(0x2400 + code)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else "\ufffd"
