"""The written specification agrees with the code: every member, default, error, example and vector."""

import json
import re
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from vexor_protocol import PROTOCOL_VERSION, errors, health, jsonl, messages
from vexor_protocol.conformance import DEFAULT_VECTORS, STEP_KEYS
from vexor_protocol.matching import matcher_names
from vexor_protocol.schema import all_schemas

PROTOCOL = Path(__file__).resolve().parents[3] / "protocol"
README = (PROTOCOL / "README.md").read_text("utf-8")
VECTORS = {path.stem: json.loads(path.read_text("utf-8")) for path in DEFAULT_VECTORS.glob("*.json")}
JSON_TYPES = {str: "text", int: "integer", float: "number", bool: "boolean", type(None): "null"}
NOT_IN_TABLES = {"Request"}
"""Written as prose under Transport."""


def structs() -> dict[str, type[msgspec.Struct]]:
    found = {
        name: value
        for module in (health, messages, jsonl)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct) and value is not msgspec.Struct
    }
    return {name: value for name, value in found.items() if name not in NOT_IN_TABLES}


def type_text(kind: Any) -> str:
    """Return a type as the tables write it."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return type_text(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_text(item) for item in typing.get_args(kind))
    if origin is list:
        return f"array of {type_text(typing.get_args(kind)[0])}"
    if origin is dict:
        return f"object of {type_text(typing.get_args(kind)[1])}"
    if origin is typing.Literal:
        return "text"
    return JSON_TYPES.get(kind) or f"`{kind.__name__}`"


def own_fields(kind: type[msgspec.Struct]) -> dict[str, tuple[str, str]]:
    """Return member → (type, default), as the tables write them."""
    common = {field.name for field in msgspec.structs.fields(messages.Params)}
    hide = common if issubclass(kind, messages.Params) and kind is not messages.Params else set()
    members = {"type": ("text", "required")} if kind.__struct_config__.tag else {}
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        if field.name in hide:
            continue
        if field.default is not msgspec.NODEFAULT:
            default = f"`{json.dumps(field.default)}`"
        elif field.default_factory is not msgspec.NODEFAULT:
            default = f"`{json.dumps(msgspec.to_builtins(field.default_factory()))}`"
        else:
            default = "required"
        members[field.name] = (type_text(hints[field.name]), default)
    return members


def rows_after(marker: str) -> list[list[str]]:
    """Return the cells of the first table that begins at or after `marker`, without its head."""
    table = re.search(r"^\|(?:.*\|\n)+", README[README.index(marker) :], re.MULTILINE)
    assert table is not None, f"no table after {marker!r}"
    lines = table[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("name", structs())
def test_every_member_is_in_its_table_with_its_type_and_default(name: str) -> None:
    members = own_fields(structs()[name])
    marker = "Every method takes these" if name == "Params" else f"`{name}`"
    heading = re.search(rf"^(?:{marker}|(?:Params|Result) \({marker}\)).*[:.]$", README, re.MULTILINE)
    assert heading is not None, f"{name} is not in the specification"
    if not members:
        assert heading[0].endswith("): none of its own.")
        return
    table = {row[0].strip("`"): (row[1], row[2]) for row in rows_after(heading[0])}
    assert table == members


def test_every_method_has_a_section_in_the_order_of_the_code() -> None:
    methods = README[README.index("## Methods") : README.index("## Errors")]
    assert re.findall(r"^### `(\w+)`$", methods, re.MULTILINE) == list(messages.METHODS)


def test_every_error_is_in_the_table() -> None:
    rows = [(int(row[0]), row[1].strip("`"), row[2]) for row in rows_after("New errors may be added.")]
    assert rows == [(kind.code, kind.name, "yes" if kind.retryable else "no") for kind in errors.ALL]


def test_every_event_and_format_is_in_its_table() -> None:
    for marker, kind, member in (
        ("| Event |", messages.EventParams, "event"),
        ("| Format |", messages.RenderOptions, "format"),
    ):
        names = {row[0].strip("`") for row in rows_after(marker)}
        assert names == set(typing.get_args(typing.get_type_hints(kind)[member]))


def test_the_version_is_that_of_the_code() -> None:
    assert README.startswith(f"# The vexord protocol, version {PROTOCOL_VERSION}\n")


def examples() -> list[tuple[str, dict[str, Any]]]:
    """Return (method of the section, example) for each JSON block."""
    found = []
    for block in re.finditer(r"```json\n(.*?)```", README, re.DOTALL):
        section = re.findall(r"^#{2,3} `?(\w+)`?$", README[: block.start()], re.MULTILINE)[-1]
        found.append((section, json.loads(block[1])))
    return found


def test_every_method_has_an_example_of_request_and_reply() -> None:
    shown = {(section, "result" in message) for section, message in examples() if "id" in message}
    assert shown >= {(method, reply) for method in messages.METHODS for reply in (False, True)}


@pytest.mark.parametrize(("section", "message"), examples())
def test_every_example_fits_its_schema(section: str, message: dict[str, Any]) -> None:
    schemas = all_schemas()
    if message.get("method") == "event":
        Draft202012Validator(schemas["event.json"]).validate(message)
        return
    Draft202012Validator(schemas["envelope.json"]).validate(message)
    body = {key: message[key] for key in ("params", "result") if key in message}
    if body:
        Draft202012Validator(schemas[f"{section}.json"]).validate(body)
        kind = messages.METHODS[section]["result" in body]
        known = {field.name for field in msgspec.structs.fields(kind)}
        assert set(body.get("result", body.get("params", {}))) <= known


def test_the_vectors_readme_names_every_matcher_and_step() -> None:
    text = (DEFAULT_VECTORS / "README.md").read_text("utf-8")
    assert set(re.findall(r"\{\"(\$[a-z_]+)\": ", text)) == set(matcher_names())
    table = text[text.index("## A step") : text.index("## Patterns")]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == STEP_KEYS


@pytest.mark.parametrize("name", VECTORS)
def test_every_vector_is_well_formed(name: str) -> None:
    vector = VECTORS[name]
    assert set(vector) == {"name", "purpose", "steps"}
    assert vector["name"] == name
    assert all(set(step) <= STEP_KEYS for step in vector["steps"])


def test_the_vectors_use_every_method_but_shutdown() -> None:
    sent = {
        step["send"].get("method")
        for vector in VECTORS.values()
        for step in vector["steps"]
        if isinstance(step.get("send"), dict) and "result" in step.get("expect", {})
    }
    assert sent == set(messages.METHODS) - {"shutdown"}
