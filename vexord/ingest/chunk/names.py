"""Finds what a syntax node defines: the name, and where the grammar is silent, the kind and the owner."""

from collections.abc import Callable
from typing import NamedTuple

from tree_sitter import Node

MAX_NAME_CHARS = 160
FUNCTION_VALUES = frozenset(
    ["arrow_function", "function_expression", "function", "function_definition", "generator_function"]
)
_DECLARATORS = frozenset({"function_declarator", "parenthesized_declarator", "pointer_declarator"})
_NAME_TYPES = frozenset(["identifier", "type_identifier", "simple_identifier", "name", "constant", "word"])


class Found(NamedTuple):
    """A definition's name. An empty `kind` leaves the rule's kind; `parent` is what the name itself says."""

    symbol: str
    kind: str = ""
    parent: str = ""


Finder = Callable[[Node, bytes], Found | None]
"""Takes a node and the text it lies in. Returns None where the node turns out to define nothing."""


def text_of(node: Node | None, data: bytes) -> str:
    """Return a node's text on one line, at most `MAX_NAME_CHARS` characters; empty for None."""
    if node is None:
        return ""
    start = node.start_byte
    # `node.text` is 30 times slower: it goes through the parser's read callback.
    text = data[start : min(node.end_byte, start + 4 * MAX_NAME_CHARS)].decode(errors="replace")
    return " ".join(text.split())[:MAX_NAME_CHARS]


def qualified(name: str) -> Found:
    """Split `a.b.c`, `a::b` or `a:b` into symbol and parent; template arguments stay with their part."""
    parts = name.replace("::", ".").replace(":", ".").split(".")
    return Found(parts[-1], parent=".".join(part for part in parts[:-1] if part))


def first_child(node: Node, types: frozenset[str] | set[str]) -> Node | None:
    """Return the first direct child of one of the types."""
    return next((child for child in node.children if child.type in types), None)


def field(node: Node, data: bytes) -> Found | None:
    """The field `name`, whole."""
    return Found(text_of(node.child_by_field_name("name"), data))


def namespace(node: Node, data: bytes) -> Found | None:
    """The field `name`, with dots: C++'s `net::http`, PHP's `App\\Models`; empty for an anonymous one."""
    return Found(text_of(node.child_by_field_name("name"), data).replace("::", ".").replace("\\", "."))


def dotted_field(node: Node, data: bytes) -> Found | None:
    """The field `name`, split at its dots: Lua's `M.foo` and `M:foo`, Ruby's `A::B`."""
    return qualified(text_of(node.child_by_field_name("name"), data))


def with_body(node: Node, data: bytes) -> Found | None:
    """The field `name` of a node that has a body; a forward declaration or a use defines nothing."""
    if node.child_by_field_name("body") is None:
        return None
    return Found(text_of(node.child_by_field_name("name"), data))


def child_name(node: Node, data: bytes) -> Found | None:
    """The first child that is a name, for grammars without fields."""
    return Found(text_of(first_child(node, _NAME_TYPES), data))


def ends_with_name(node: Node, data: bytes) -> Found | None:
    """The first child whose type ends in `name`: protobuf's `message_name`, PowerShell's `function_name`."""
    return Found(text_of(next((child for child in node.children if child.type.endswith("name")), None), data))


def fixed(symbol: str) -> Finder:
    """A name that the grammar gives no node: `constructor`, `deinit`."""
    return lambda _node, _data: Found(symbol)


def declarator(node: Node, data: bytes) -> Found | None:
    """The name at the end of a C or C++ declarator chain, with the class that qualifies it."""
    inner = node.child_by_field_name("declarator")
    while inner is not None:
        if inner.type == "qualified_identifier":
            return _scoped(inner, data)
        following = inner.child_by_field_name("declarator")
        if following is None and inner.type in ("parenthesized_declarator", "reference_declarator"):
            following = inner.named_children[-1] if inner.named_children else None
        if following is None:
            return Found(text_of(inner, data))
        inner = following
    return Found("")


def function_or_class(node: Node, data: bytes) -> Found | None:
    """A C or C++ function; one without parameters is a class that a macro before it disguised."""
    inner = node.child_by_field_name("declarator")
    while inner is not None and inner.type != "function_declarator":
        inner = inner.child_by_field_name("declarator") or first_child(inner, _DECLARATORS)
    found = declarator(node, data)
    return found if inner is not None or found is None else found._replace(kind="class")


def _scoped(node: Node, data: bytes) -> Found:
    scopes: list[str] = []
    inner: Node | None = node
    while inner is not None and inner.type == "qualified_identifier":
        scopes.append(text_of(inner.child_by_field_name("scope"), data))
        inner = inner.child_by_field_name("name")
    parent = ".".join(scope for scope in scopes if scope)
    return Found(text_of(inner, data), kind="method" if parent else "", parent=parent)


def initialised(node: Node, data: bytes) -> Found | None:
    """A C declaration with an initialiser; prototypes and plain declarations stay with their neighbours."""
    inner = node.child_by_field_name("declarator")
    return declarator(inner, data) if inner is not None and inner.type == "init_declarator" else None


def typedef(node: Node, data: bytes) -> Found | None:
    """A C typedef: of kind struct or enum where it defines the body too."""
    inner = node.child_by_field_name("type")
    has_body = inner is not None and inner.child_by_field_name("body") is not None
    kinds = {"struct_specifier": "struct", "union_specifier": "struct", "enum_specifier": "enum"}
    found = declarator(node, data) or Found("")
    return found._replace(kind=kinds.get(inner.type, "") if inner is not None and has_body else "")


def go_method(node: Node, data: bytes) -> Found | None:
    """A Go method; its receiver's type is the parent."""
    receiver = text_of(node.child_by_field_name("receiver"), data).strip("()").split("[")[0].split()
    parent = receiver[-1].lstrip("*") if receiver else ""
    return Found(text_of(node.child_by_field_name("name"), data), parent=parent)


def go_type(node: Node, data: bytes) -> Found | None:
    """A Go `type` declaration of one type; a group keeps no single name."""
    specs = [child for child in node.named_children if child.type in ("type_spec", "type_alias")]
    if len(specs) != 1:
        return Found("")
    value = specs[0].child_by_field_name("type")
    kinds = {"struct_type": "struct", "interface_type": "interface"}
    return Found(
        text_of(specs[0].child_by_field_name("name"), data), kind=kinds.get(value.type, "") if value else ""
    )


def go_values(node: Node, data: bytes) -> Found | None:
    """A Go `const` or `var` declaration; a group keeps no single name."""
    inner = first_child(node, {"const_spec", "var_spec"})
    return Found(text_of(inner.child_by_field_name("name"), data) if inner is not None else "")


def rust_impl(node: Node, data: bytes) -> Found | None:
    """The type that an `impl` block is for, without its generic arguments."""
    name = text_of(node.child_by_field_name("type"), data).split("<")[0]
    return Found(qualified(name).symbol)


def js_variable(node: Node, data: bytes) -> Found | None:
    """`const f = () => …`: a function or class by its value, else a constant or variable."""
    declared = [child for child in node.named_children if child.type == "variable_declarator"]
    if len(declared) != 1:
        return None
    name, value = declared[0].child_by_field_name("name"), declared[0].child_by_field_name("value")
    if name is None or name.type != "identifier":
        return None
    kind = "constant" if node.children[0].type == "const" else "variable"
    if value is not None:
        kind = _value_kind(value) or kind
    return Found(text_of(name, data), kind=kind)


def _value_kind(value: Node) -> str:
    if value.type in FUNCTION_VALUES:
        return "function"
    return "class" if value.type == "class" else ""


def js_assignment(node: Node, data: bytes) -> Found | None:
    """`Queue.prototype.peek = function …` and `exports.f = () => …`."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    kind = _value_kind(right) if right is not None else ""
    if not kind or left is None or left.type not in ("identifier", "member_expression"):
        return None
    name = text_of(left, data).replace(".prototype.", ".").removeprefix("module.").removeprefix("exports.")
    found = qualified(name.removeprefix("this."))
    return found._replace(kind="method" if found.parent and kind == "function" else kind)


def js_member(node: Node, data: bytes) -> Found | None:
    """An object's or a class's member whose value is a function."""
    value = node.child_by_field_name("value")
    name = node.child_by_field_name("key") or node.child_by_field_name("property")
    name = name or node.child_by_field_name("name")
    if value is None or name is None or value.type not in FUNCTION_VALUES:
        return None
    return Found(text_of(name, data).strip("'\""))


def assigned(node: Node, data: bytes) -> Found | None:
    """`NAME = value`: a constant if the name is in capitals, else a variable (Python, Ruby)."""
    left = node.child_by_field_name("left")
    if left is None or left.type not in ("identifier", "constant"):
        return None
    name = text_of(left, data)
    return Found(name, kind="constant" if name.isupper() else "variable")


def lua_assignment(node: Node, data: bytes) -> Found | None:
    """`M.f = function …` and `local f = function …`: functions; other assignments are variables."""
    inner = first_child(node, {"assignment_statement"}) or node
    names, values = first_child(inner, {"variable_list"}), first_child(inner, {"expression_list"})
    if names is None or values is None or len(names.named_children) != 1:
        return None
    found = qualified(text_of(names, data))
    is_function = values.named_children and values.named_children[0].type in FUNCTION_VALUES
    return found._replace(kind="function" if is_function else "variable")


def r_assignment(node: Node, data: bytes) -> Found | None:
    """`f <- function(x) …`."""
    left, right = node.child_by_field_name("lhs"), node.child_by_field_name("rhs")
    if left is None or right is None or left.type != "identifier" or right.type not in FUNCTION_VALUES:
        return None
    return Found(text_of(left, data))


def keyword_class(kinds: dict[str, str], unnamed: str = "") -> Finder:
    """A class-like node whose keyword (`enum`, `interface`, `extension`, …) decides the kind."""

    def find(node: Node, data: bytes) -> Found | None:
        name = node.child_by_field_name("name") or first_child(node, _NAME_TYPES)
        kind = next((kinds[child.type] for child in node.children if child.type in kinds), "")
        return Found(text_of(name, data) or unnamed, kind=kind)

    return find


def variable_child(node: Node, data: bytes) -> Found | None:
    """The name inside Kotlin's `variable_declaration` or Swift's `pattern`."""
    name = node.child_by_field_name("name") or first_child(node, {"variable_declaration"})
    return Found(text_of(name, data).split(":")[0].strip())


def haskell_instance(node: Node, data: bytes) -> Found | None:
    """`instance HasArea Shape`: the class and the type together."""
    parts = (node.child_by_field_name("name"), node.child_by_field_name("patterns"))
    return Found(" ".join(text for text in (text_of(part, data) for part in parts) if text))


def binding_name(types: frozenset[str]) -> Finder:
    """The first named part of a binding inside the node (OCaml's `let_binding`, Julia's `signature`)."""

    def find(node: Node, data: bytes) -> Found | None:
        inner = first_child(node, types)
        if inner is None:
            return Found("")
        head = inner.child_by_field_name("pattern") or inner.child_by_field_name("name")
        name = text_of(head, data) if head is not None else text_of(inner, data).split("(")[0].split(" ")[0]
        return Found(name)

    return find
