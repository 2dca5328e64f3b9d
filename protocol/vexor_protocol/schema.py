"""Write the JSON Schemas of the protocol: `python -m vexor_protocol.schema [--check]`.

One file a method, with params and result, and one each for the envelope, the event notification and the JSON
lines. They are generated from `messages.py` and `jsonl.py`, which are the only definitions.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from vexor_protocol import MIN_PROTOCOL_VERSION, PROTOCOL_VERSION
from vexor_protocol.envelope import ErrorObject, Request
from vexor_protocol.errors import ALL
from vexor_protocol.jsonl import HitLine, ReplyLine
from vexor_protocol.messages import METHODS, EventParams

Schema = dict[str, Any]

SCHEMA_FOLDER = Path(__file__).resolve().parent.parent / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REF = "#/$defs/{name}"


def all_schemas() -> dict[str, Schema]:
    """Return file name → schema, for every file of `protocol/schema/`."""
    schemas = {f"{method}.json": _method_schema(method) for method in METHODS}
    schemas["envelope.json"] = _envelope_schema()
    schemas["event.json"] = _event_schema()
    schemas["jsonl.json"] = _jsonl_schema()
    return schemas


def encode(schema: Schema) -> bytes:
    """Return the bytes of a schema's file; the same for the same schema on every machine."""
    return (json.dumps(schema, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _document(name: str, description: str, types: Sequence[Any], body: Schema) -> Schema:
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    return {
        "$schema": DIALECT,
        "$id": f"urn:vexor:protocol:{PROTOCOL_VERSION}:{name}",
        "title": name,
        "description": description,
        **body,
        "$defs": {key: components[key] for key in sorted(components)},
    }


def _ref(kind: type) -> Schema:
    return {"$ref": _REF.format(name=kind.__name__)}


def _method_schema(method: str) -> Schema:
    params, result = METHODS[method]
    return _document(
        method,
        f"Params and result of the method `{method}`. Unknown members are allowed and ignored.",
        [params, result],
        {
            "type": "object",
            "properties": {"params": _ref(params), "result": _ref(result)},
            "anyOf": [{"required": ["params"]}, {"required": ["result"]}],
        },
    )


def _request_struct() -> type[msgspec.Struct]:
    """`Request` with `params` as any object: the daemon keeps them raw until it knows the method."""
    fields: list[tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(Request):
        if field.type is msgspec.Raw:
            fields.append((field.name, dict[str, Any], msgspec.field(default_factory=dict)))
        else:
            fields.append((field.name, field.type, msgspec.field(default=field.default)))
    return msgspec.defstruct("Request", fields, kw_only=True, namespace={"__doc__": Request.__doc__})


def _envelope_schema() -> Schema:
    request = _request_struct()
    reply_id = {
        "type": ["string", "integer", "null"],
        "description": "The request's; null if it could not be read.",
    }
    version = {"const": "2.0"}
    result = {
        "type": "object",
        "properties": {"jsonrpc": version, "id": reply_id, "result": {"type": "object"}},
        "required": ["jsonrpc", "id", "result"],
        "not": {"required": ["error"]},
    }
    error = {
        "type": "object",
        "properties": {"jsonrpc": version, "id": reply_id, "error": _ref(ErrorObject)},
        "required": ["jsonrpc", "id", "error"],
        "not": {"required": ["result"]},
    }
    document = _document(
        "envelope",
        f"Requests and replies, JSON-RPC 2.0, protocol versions {MIN_PROTOCOL_VERSION}-{PROTOCOL_VERSION}.",
        [request, ErrorObject],
        {"oneOf": [_ref(request), {"$ref": "#/$defs/Reply"}, {"$ref": "#/$defs/ErrorReply"}]},
    )
    # Examples, not an enumeration: later versions may add errors, and old clients must go on validating.
    document["$defs"]["ErrorData"]["properties"]["name"]["examples"] = sorted(kind.name for kind in ALL)
    document["$defs"]["ErrorObject"]["properties"]["code"]["examples"] = sorted(kind.code for kind in ALL)
    document["$defs"] |= {"Reply": result, "ErrorReply": error}
    return document


def _event_schema() -> Schema:
    body = {
        "type": "object",
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "method": {"const": "event"},
            "params": _ref(EventParams),
        },
        "required": ["jsonrpc", "method", "params"],
    }
    return _document("event", "A notification of a subscription.", [EventParams], body)


def _jsonl_schema() -> Schema:
    body = {"oneOf": [_ref(HitLine), _ref(ReplyLine)]}
    return _document("jsonl", "One line of JSON lines output.", [HitLine, ReplyLine], body)


def differences(folder: Path) -> list[str]:
    """Return the names of files in `folder` that are missing, left over, or differ from the code; sorted."""
    wanted = {name: encode(schema) for name, schema in all_schemas().items()}
    found = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def write(folder: Path) -> list[str]:
    """Bring `folder` up to date; return the names of the files that were changed."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = differences(folder)
    schemas = all_schemas()
    for name in changed:
        if name in schemas:
            (folder / name).write_bytes(encode(schemas[name]))
        else:
            (folder / name).unlink()
    return changed


def main(argv: Sequence[str] | None = None) -> int:
    """Write the schemas; with `--check` only compare, and return 1 if any differs."""
    parser = argparse.ArgumentParser(prog="python -m vexor_protocol.schema")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    parser.add_argument("--folder", type=Path, default=SCHEMA_FOLDER)
    options = parser.parse_args(argv)
    changed = differences(options.folder) if options.check else write(options.folder)
    for name in changed:
        print(f"{'out of date' if options.check else 'wrote'}: {options.folder / name}")
    if options.check and changed:
        print("run: python -m vexor_protocol.schema", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
