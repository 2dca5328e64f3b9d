"""The form of a language's description: which syntax nodes define what, and how they nest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from tree_sitter import Node

from vexord.ingest.chunk.names import Finder, field

COMMENTS = frozenset(
    [
        "comment",
        "line_comment",
        "block_comment",
        "multiline_comment",
        "doc_comment",
        "documentation_comment",
        "haddock",
        "shebang_line",
        "hash_bang_line",
    ]
)
BODIES = frozenset(
    [
        "block",
        "body",
        "body_statement",
        "class_body",
        "class_declarations",
        "compound_statement",
        "contract_body",
        "declaration_list",
        "declarations",
        "do_block",
        "enum_body",
        "enum_body_declarations",
        "enum_class_body",
        "enum_declaration_list",
        "field_declaration_list",
        "function_body",
        "implementation_definition",
        "imports",
        "instance_declarations",
        "interface_body",
        "message_body",
        "object",
        "parenthesized_expression",
        "protocol_body",
        "statement_block",
        "statement_list",
        "statements",
        "structure",
        "template_body",
        "ERROR",
    ]
)
"""Nodes that only hold others: walked through in every language."""


class Opens(Enum):
    """When a definition's members become chunks of their own."""

    NEVER = 0
    """Only if the definition is over the maximum."""
    LARGE = 1
    """If it is over the target: classes."""
    ALWAYS = 2
    """Namespaces: they only hold other definitions."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one node type defines."""

    kind: str
    name: Finder = field
    opens: Opens = Opens.NEVER
    mergeable: bool = False
    """May share a chunk with its neighbours though its kind does not say so: C's `#define`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """One language."""

    grammar: str
    rules: Mapping[str, Rule]
    wrappers: frozenset[str] = frozenset()
    """Nodes whose span counts but whose inner node defines: `export`, decorators, `template <…>`."""
    transparent: frozenset[str] = frozenset()
    """Nodes to walk through beside `BODIES`: `#ifdef`, `if TYPE_CHECKING:`."""
    attached: frozenset[str] = frozenset()
    """Nodes that belong to the definition behind them, beside comments: `#[derive]`."""
    attaches: Callable[[Node, bytes], bool] | None = None
    """Decides for nodes that no type tells apart: Elixir's `@doc`."""
    trailers: frozenset[str] = frozenset()
    """Nodes that belong to the definition before them: Dart's function bodies."""
    joined: bool = False
    """Neighbouring clauses of one function are one definition: Haskell, Elixir, Erlang."""
    method_owners: frozenset[str] = frozenset(
        ["class", "struct", "trait", "impl", "interface", "object", "enum"]
    )
    """Kinds whose functions are methods."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def rules(kind: str, types: str, name: Finder = field, opens: Opens = Opens.NEVER) -> dict[str, Rule]:
    """Return one rule for several node types."""
    return dict.fromkeys(types.split(), Rule(kind, name, opens))
