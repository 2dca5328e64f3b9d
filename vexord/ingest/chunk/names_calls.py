"""Names for languages whose definitions are ordinary calls, blocks or statements: Elixir, Clojure, SQL, …"""

from tree_sitter import Node

from vexord.ingest.chunk.names import Found, first_child, text_of

_ELIXIR_KINDS = {
    "defmodule": "module", "defprotocol": "interface", "defimpl": "impl", "def": "function",
    "defp": "function", "defmacro": "macro", "defmacrop": "macro", "defguard": "macro",
    "defdelegate": "function", "test": "function",
}  # fmt: skip
_ELIXIR_DOCS = frozenset(["doc", "spec", "impl", "deprecated", "typedoc", "since", "tag", "callback"])
_CLOJURE_KINDS = {
    "defn": "function", "defn-": "function", "defmacro": "macro", "defmulti": "function",
    "defmethod": "method", "def": "variable", "defonce": "variable", "defprotocol": "interface",
    "defrecord": "struct", "deftype": "struct", "deftest": "function",
}  # fmt: skip
_ZIG_CONTAINERS = {
    b"struct": "struct",
    b"enum": "enum",
    b"union": "struct",
    b"extern": "struct",
    b"packed": "struct",
}


def elixir_call(node: Node, data: bytes) -> Found | None:
    """`def`, `defmodule`, `test` and their relatives."""
    target = node.child_by_field_name("target")
    kind = (
        _ELIXIR_KINDS.get(text_of(target, data))
        if target is not None and target.type == "identifier"
        else None
    )
    if kind is None:
        return None
    arguments = first_child(node, {"arguments"})
    head = arguments.named_children[0] if arguments is not None and arguments.named_children else None
    while head is not None and head.type in ("binary_operator", "call"):
        inner = head.child_by_field_name("left") or head.child_by_field_name("target")
        if inner is None:
            break
        head = inner
    return Found(text_of(head, data).strip('"'), kind=kind)


def elixir_doc(node: Node, data: bytes) -> bool:
    """Whether a node is `@doc`, `@spec` or another attribute that belongs to the next definition."""
    operand = node.child_by_field_name("operand")
    target = operand.child_by_field_name("target") if operand is not None else None
    return text_of(target, data) in _ELIXIR_DOCS


def clojure_list(node: Node, data: bytes) -> Found | None:
    """`(defn name …)` and its relatives."""
    symbols = [child for child in node.named_children[:3] if child.type == "sym_lit"]
    kind = _CLOJURE_KINDS.get(text_of(symbols[0], data)) if symbols else None
    if kind is None or len(symbols) < 2:
        return None
    return Found(text_of(symbols[1], data), kind=kind)


def erlang_function(node: Node, data: bytes) -> Found | None:
    """An Erlang function clause."""
    clause = node.child_by_field_name("clause")
    return Found(text_of(clause.child_by_field_name("name"), data) if clause is not None else "")


def erlang_spec(node: Node, data: bytes) -> Found | None:
    """`-spec f(…)`: named as the function that follows."""
    return Found(text_of(node.child_by_field_name("fun"), data))


def hcl_block(node: Node, data: bytes) -> Found | None:
    """`resource "type" "name" {`: the last label; the rest is the parent."""
    words = [
        text_of(child, data).strip('"')
        for child in node.named_children
        if child.type in ("identifier", "string_lit")
    ]
    return Found(words[-1], parent=".".join(words[:-1])) if words else None


def sql_create(node: Node, data: bytes) -> Found | None:
    """`CREATE … name`: the object's own name, without its schema."""
    named = node.child_by_field_name("column") if node.type == "create_index" else None
    reference = named or first_child(node, {"object_reference", "identifier"})
    if reference is None:
        return Found("")
    schema = text_of(reference.child_by_field_name("schema"), data)
    return Found(text_of(reference.child_by_field_name("name") or reference, data).strip('"`'), parent=schema)


def zig_declaration(node: Node, data: bytes) -> Found | None:
    """`fn name`, `const Name = struct {`, or a plain constant."""
    prototype = first_child(node, {"FnProto"})
    if prototype is not None:
        return Found(text_of(prototype.child_by_field_name("function"), data), kind="function")
    variable = first_child(node, {"VarDecl"})
    if variable is None:
        return None
    begin = variable.named_children[-1].start_byte
    kind = _ZIG_CONTAINERS.get(data[begin : begin + 32].split(b"(")[0].split(b" ")[0].split(b"{")[0], "")
    if not kind:
        kind = "constant" if variable.children[0].type == "const" else "variable"
    return Found(text_of(variable.child_by_field_name("variable_type_function"), data), kind=kind)


def zig_test(node: Node, data: bytes) -> Found | None:
    """`test "name" {`."""
    return Found(text_of(first_child(node, {"STRINGLITERALSINGLE", "IDENTIFIER"}), data).strip('"'))
