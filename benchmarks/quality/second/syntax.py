"""Finds definitions and comments in a file with tree-sitter, apart from the tables that the daemon uses.

Apart on purpose: a judge that shared the daemon's idea of a definition could not see where that is wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tree_sitter import Node, Parser
from tree_sitter_language_pack import get_parser

_EXTENSIONS = {
    "bash": "sh bash",
    "c": "c h",
    "cpp": "cpp cc hpp hh cxx",
    "csharp": "cs",
    "erlang": "erl",
    "go": "go",
    "haskell": "hs",
    "java": "java",
    "javascript": "js mjs cjs",
    "lua": "lua",
    "ocaml": "ml",
    "perl": "pm pl",
    "php": "php",
    "python": "py",
    "ruby": "rb",
    "rust": "rs",
    "scala": "scala",
    "typescript": "ts",
}
_LANGUAGE_OF = {ending: name for name, endings in _EXTENSIONS.items() for ending in endings.split()}

_NODES = {
    "functions": """
        function_definition function_declaration method_declaration function_item method
        singleton_method constructor_declaration method_definition subroutine_declaration_statement
        fun_decl value_definition function bind signature generator_function_declaration
        assignment_expression variable_declarator
    """,
    "types": """
        class_definition class_declaration interface_declaration enum_declaration trait_declaration
        struct_declaration trait_item struct_item enum_item class module object_definition
        trait_definition class_specifier struct_specifier type_spec data_type
        abstract_class_declaration
    """,
    "names": """
        identifier field_identifier property_identifier type_identifier word name bareword atom
        variable value_name constant qualified_identifier destructor_name operator_name
        dot_index_expression method_index_expression private_property_identifier setter
    """,
}
"""Types of syntax nodes, of all grammars together."""
_FUNCTIONS = frozenset(_NODES["functions"].split())
_TYPES = frozenset(_NODES["types"].split())
_SCOPES = _TYPES | {"impl_item"}
_ASSIGNED = frozenset({"function_expression", "arrow_function", "generator_function"})
_NAMES = frozenset(_NODES["names"].split())


@dataclass(frozen=True, slots=True)
class Definition:
    """A function or type with a name. Lines are 1-based and inclusive."""

    name: str
    parent: str
    start: int
    end: int
    is_function: bool
    body_text: tuple[int, int] | None = None
    """Lines of a docstring that stands inside (Python)."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What was found in a file."""

    language: str
    definitions: list[Definition]
    comments: list[tuple[int, int]]
    """Lines of the comments that share no line with code."""


def language_of(path: str) -> str | None:
    """Return the language of a path that can be mined, by its extension."""
    return _LANGUAGE_OF.get(path.rpartition(".")[2]) if "." in path else None


def outline(path: str, text: str) -> Outline | None:
    """Parse a file; None if its language is not mined."""
    language = language_of(path)
    if language is None:
        return None
    tree = _parser(language).parse(text.encode())
    lines = text.split("\n")
    definitions: list[Definition] = []
    comments: list[tuple[int, int]] = []
    for node, parent in _walk(tree.root_node):
        if "comment" in node.type or node.type == "haddock":
            start, end = node.start_point[0], _last_row(node)
            if not lines[start].encode()[: node.start_point[1]].strip():
                comments.append((start + 1, end + 1))
        elif node.type in _FUNCTIONS or node.type in _TYPES:
            found = _definition(node, parent, language)
            if found:
                definitions.append(found)
    return Outline(language, _joined(definitions), comments)


@cache
def _parser(language: str) -> Parser:
    wanted: Any = language
    return get_parser(wanted)


def _walk(root: Node) -> Iterator[tuple[Node, str]]:
    """Yield every named node with the name of the type around it; nothing inside a function."""
    stack = [(root, "")]
    while stack:
        node, parent = stack.pop()
        yield node, parent
        if node.type in _SCOPES:
            parent = _name(node) or parent
        elif node.type in _FUNCTIONS and node.type not in {"variable_declarator", "assignment_expression"}:
            continue
        stack.extend((child, parent) for child in reversed(node.named_children))


def _definition(node: Node, parent: str, language: str) -> Definition | None:
    if node.type in {"variable_declarator", "assignment_expression"}:
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if value is None or value.type not in _ASSIGNED:
            return None
    if node.type.endswith("_specifier") and node.child_by_field_name("body") is None:
        return None
    name = _name(node)
    if not name:
        return None
    *scope, plain = name.replace("::", ".").replace(":", ".").split(".")
    whole = _whole(node)
    doc = _python_docstring(node) if language == "python" else None
    is_function = node.type in _FUNCTIONS
    scoped = ".".join(scope) or parent or _receiver(node)
    return Definition(plain, scoped, whole.start_point[0] + 1, _last_row(node) + 1, is_function, doc)


def _whole(node: Node) -> Node:
    """Return the statement that begins with a definition's decorators, template, `export` or `local`."""
    around = node.parent
    while around is not None and around.type in {
        "decorated_definition",
        "template_declaration",
        "export_statement",
        "lexical_declaration",
        "variable_declaration",
        "expression_statement",
        "type_declaration",
    }:
        node, around = around, around.parent
    return node


def _name(node: Node) -> str:
    found = node.child_by_field_name("name") or node.child_by_field_name("left")
    if node.type == "impl_item":
        found = node.child_by_field_name("type")
    inner = node
    while found is None:
        step = inner.child_by_field_name("declarator") or inner.child_by_field_name("clause")
        if (
            step is None
            and inner.named_children
            and inner.type in {"value_definition", "let_binding", "fun_decl"}
        ):
            step = inner.named_children[0]
        if step is None:
            return ""
        inner = step
        found = inner if inner.type in _NAMES else inner.child_by_field_name("name")
    text = (found.text or b"").decode("utf-8", "replace")
    return text.split("<")[0].strip() if len(text) < 80 and "\n" not in text else ""


def _receiver(node: Node) -> str:
    """Return the type of a Go method's receiver."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None:
        return ""
    words = (receiver.text or b"").decode("utf-8", "replace").strip("()").split()
    return words[-1].lstrip("*").split("[")[0] if words else ""


def _python_docstring(node: Node) -> tuple[int, int] | None:
    body = node.child_by_field_name("body")
    if body is None or len(body.named_children) < 2:
        return None
    first = body.named_children[0]
    text = first.named_children[0] if first.type == "expression_statement" and first.named_children else first
    if text.type not in {"string", "concatenated_string"}:
        return None
    return first.start_point[0] + 1, first.end_point[0] + 1


def _last_row(node: Node) -> int:
    row, column = node.end_point
    return row - 1 if column == 0 and row > node.start_point[0] else row


def _joined(definitions: list[Definition]) -> list[Definition]:
    """Make one of the equations of a Haskell function, which follow one another."""
    joined: list[Definition] = []
    for found in definitions:
        last = joined[-1] if joined else None
        if last and last.name == found.name and last.parent == found.parent and found.start == last.end + 1:
            joined[-1] = Definition(last.name, last.parent, last.start, found.end, True)
        else:
            joined.append(found)
    return joined
