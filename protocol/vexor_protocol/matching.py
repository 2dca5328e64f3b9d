"""Patterns of the conformance vectors: JSON with matchers (`vectors/README.md`). Standard library alone."""

import json
import re
from collections.abc import Callable
from typing import Any

Captures = dict[str, Any]
_PLACEHOLDER = re.compile(r"\$\{([a-z_]+)\}")
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class MismatchError(Exception):
    """A value does not match its pattern; the text says where and why."""


def substitute(value: Any, captures: Captures) -> Any:
    """Return `value` with each `${name}` replaced. A string that is nothing else becomes the captured value.

    Raises:
        KeyError: a name that was never captured.
    """
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole:
            return captures[whole[1]]
        return _PLACEHOLDER.sub(lambda match: str(captures[match[1]]), value)
    if isinstance(value, list):
        return [substitute(item, captures) for item in value]
    if isinstance(value, dict):
        return {key: substitute(item, captures) for key, item in value.items()}
    return value


def match(pattern: Any, value: Any, captures: Captures, where: str = "$") -> None:
    """Check `value` against `pattern`; `$capture` stores into `captures`.

    Raises:
        MismatchError: it does not match.
        ValueError: the pattern names a matcher that does not exist.
    """
    if isinstance(pattern, dict):
        if any(key.startswith("$") for key in pattern):
            for name, argument in pattern.items():
                _matcher(name)(argument, value, captures, where)
        else:
            _match_object(pattern, value, captures, where)
    elif isinstance(pattern, list):
        _require(
            isinstance(value, list) and len(value) == len(pattern), where, f"{len(pattern)} items", value
        )
        for index, item in enumerate(pattern):
            match(item, value[index], captures, f"{where}[{index}]")
    else:
        _require(_type_name(pattern) == _type_name(value) and pattern == value, where, pattern, value)


def _match_object(pattern: dict[str, Any], value: Any, captures: Captures, where: str) -> None:
    _require(isinstance(value, dict), where, "an object", value)
    extra = sorted(set(value) - set(pattern))
    _require(not extra, where, f"no members besides {sorted(pattern)}", extra)
    _subset(pattern, value, captures, where)


def _subset(pattern: dict[str, Any], value: Any, captures: Captures, where: str) -> None:
    _require(isinstance(value, dict), where, "an object", value)
    for key, item in pattern.items():
        _require(key in value, where, f"a member {key!r}", value)
        match(item, value[key], captures, f"{where}.{key}")


def _type(names: str | list[str], value: Any, _captures: Captures, where: str) -> None:
    wanted = [names] if isinstance(names, str) else names
    _require(any(_is_type(name, value) for name in wanted), where, f"type {' or '.join(wanted)}", value)


def _is_type(name: str, value: Any) -> bool:
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def _any(_argument: Any, _value: Any, _captures: Captures, _where: str) -> None:
    return


def _regex(expression: str, value: Any, _captures: Captures, where: str) -> None:
    _require(
        isinstance(value, str) and re.search(expression, value) is not None, where, f"/{expression}/", value
    )


def _len_min(least: int, value: Any, _captures: Captures, where: str) -> None:
    fits = isinstance(value, (str, list, dict)) and len(value) >= least
    _require(fits, where, f"length of at least {least}", value)


def _len_max(most: int, value: Any, _captures: Captures, where: str) -> None:
    fits = isinstance(value, (str, list, dict)) and len(value) <= most
    _require(fits, where, f"length of at most {most}", value)


def _min(least: float, value: Any, captures: Captures, where: str) -> None:
    _type("number", value, captures, where)
    _require(value >= least, where, f"at least {least}", value)


def _contains(pattern: Any, value: Any, captures: Captures, where: str) -> None:
    _type("array", value, captures, where)
    _require(
        any(_matches(pattern, item, captures) for item in value), where, f"an item like {pattern!r}", value
    )


def _each(pattern: Any, value: Any, captures: Captures, where: str) -> None:
    _type("array", value, captures, where)
    for index, item in enumerate(value):
        match(pattern, item, captures, f"{where}[{index}]")


def _first(pattern: Any, value: Any, captures: Captures, where: str) -> None:
    _require(isinstance(value, list) and len(value) > 0, where, "an array that is not empty", value)
    match(pattern, value[0], captures, f"{where}[0]")


def _last(pattern: Any, value: Any, captures: Captures, where: str) -> None:
    _require(isinstance(value, list) and len(value) > 0, where, "an array that is not empty", value)
    match(pattern, value[-1], captures, f"{where}[{len(value) - 1}]")


def _one_of(patterns: list[Any], value: Any, captures: Captures, where: str) -> None:
    _require(any(_matches(item, value, captures) for item in patterns), where, f"one of {patterns!r}", value)


def _not(pattern: Any, value: Any, captures: Captures, where: str) -> None:
    _require(not _matches(pattern, value, captures), where, f"anything but {pattern!r}", value)


def _jsonl(pattern: Any, value: Any, captures: Captures, where: str) -> None:
    _require(isinstance(value, str) and value.endswith("\n"), where, "lines, each ended by a newline", value)
    try:
        items = [json.loads(line) for line in value[:-1].split("\n")]
    except ValueError as error:
        raise MismatchError(f"{where}: a line is not JSON: {error}") from None
    match(pattern, items, captures, f"{where}(lines)")


def _capture(name: str, value: Any, captures: Captures, _where: str) -> None:
    captures[name] = value


_MATCHERS: dict[str, Callable[[Any, Any, Captures, str], None]] = {
    "$type": _type,
    "$any": _any,
    "$regex": _regex,
    "$len_min": _len_min,
    "$len_max": _len_max,
    "$min": _min,
    "$subset": _subset,
    "$contains": _contains,
    "$each": _each,
    "$first": _first,
    "$last": _last,
    "$one_of": _one_of,
    "$not": _not,
    "$jsonl": _jsonl,
    "$capture": _capture,
}


def matcher_names() -> list[str]:
    """Return the names of all matchers."""
    return sorted(_MATCHERS)


def _matcher(name: str) -> Callable[[Any, Any, Captures, str], None]:
    if name not in _MATCHERS:
        raise ValueError(f"unknown matcher {name!r}; an object holds matchers or plain members, never both")
    return _MATCHERS[name]


def _matches(pattern: Any, value: Any, captures: Captures) -> bool:
    try:
        match(pattern, value, captures)
    except MismatchError:
        return False
    return True


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def _require(fits: bool, where: str, wanted: object, value: object) -> None:
    if not fits:
        text = repr(value)
        raise MismatchError(f"{where}: wanted {wanted}, got {text[:300]}{'…' if len(text) > 300 else ''}")
