"""Walks a syntax tree, without recursion, down to its definitions and no further."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from vexord.ingest.chunk.names import Found
from vexord.ingest.chunk.source import Limits, Source
from vexord.ingest.chunk.spec import BODIES, COMMENTS, Opens, Rule, Spec

MAX_DEPTH = 32
"""Definitions nested deeper stay part of their owner."""
SMALL_LINES = 6
"""Constants, fields and aliases below this many lines may share a chunk with their neighbours."""
_SMALL_KINDS = frozenset({"variable", "constant", "property", "type", "module", "namespace"})
CALLABLE_KINDS = frozenset({"function", "method", "macro"})
_FIELD_KINDS = frozenset({"variable", "constant", "property", "type", "macro"})
_INNER_KINDS = frozenset({"function", "method", "class"})
_INNER_LINES = 4
_SCOPE_KINDS = frozenset({"module", "namespace"})


@dataclass(slots=True)
class Definition:
    """A named piece of the text; bytes half-open, comments and attributes before it included."""

    start: int
    end: int
    kind: str
    symbol: str
    parent: str
    mergeable: bool
    """Whether it may share a chunk with its neighbours if it is short."""
    members: list["Definition"] = field(default_factory=list)
    """Become chunks of their own."""
    inner: list["Definition"] = field(default_factory=list)
    """Stay inside, known by name."""

    @property
    def path(self) -> str:
        """What its members have as parent."""
        return f"{self.parent}.{self.symbol}" if self.parent and self.symbol else self.parent or self.symbol


def outline(root: Node, spec: Spec, source: Source, limits: Limits) -> list[Definition]:
    """Return the definitions of a tree in text order, with those inside them. Linear time."""
    top: list[Definition] = []
    scopes: list[tuple[Node, Definition | None, list[Definition], int]] = [(root, None, top, 0)]
    while scopes:
        node, owner, members, depth = scopes.pop()
        scope = _Scope(spec, source, limits, owner)
        closed = owner is not None and members is owner.inner
        for definition, inner, rule in scope.read(node, members):
            size = source.size(definition.start, definition.end)
            opens = (
                rule.opens is Opens.ALWAYS
                or size > limits.maximum
                or (rule.opens is Opens.LARGE and size > limits.target)
            )
            if depth < MAX_DEPTH and (opens or rule.opens is Opens.LARGE):
                found = definition.members if opens and not closed else definition.inner
                scopes.append((inner, definition, found, depth + 1))
    return top


class _Scope:
    """Reads one scope's nodes in text order and attaches leading comments and attributes to definitions."""

    def __init__(self, spec: Spec, source: Source, limits: Limits, owner: Definition | None) -> None:
        self._spec = spec
        self._data = source.data
        self._limits = limits
        self._owner = owner
        self._keeps_small = owner is None or owner.kind in _SCOPE_KINDS
        self._pending: int | None = None
        self._pending_comment = False
        self._last_end = 0
        self._joinable: Definition | None = None

    def read(self, root: Node, members: list[Definition]) -> Iterator[tuple[Definition, Node, Rule]]:
        """Append the scope's definitions to `members` and yield each with its node and rule."""
        spec = self._spec
        strict = self._owner is not None and self._owner.kind in CALLABLE_KINDS
        stack = [(child, strict) for child in reversed(root.children)]
        while stack:
            node, strict = stack.pop()
            kind = node.type
            end = node.end_byte
            if not node.is_named and kind not in spec.attached:
                self._last_end = end
                continue
            if (
                kind in COMMENTS
                or kind in spec.attached
                or (spec.attaches and spec.attaches(node, self._data))
            ):
                self._attach(node, kind in COMMENTS)
            elif (match := self._match(node, kind, strict)) is not None:
                found, defined_kind, inner, rule = match
                definition = self._define(node, found, defined_kind, rule)
                if definition is not None:
                    members.append(definition)
                    yield definition, inner, rule
            elif (
                kind in spec.trailers
                and members
                and not self._data[members[-1].end : node.start_byte].strip()
            ):
                members[-1].end = end
            elif kind in BODIES or kind in spec.transparent:
                stack.extend((child, strict) for child in reversed(node.children))
                continue
            elif end - node.start_byte > self._limits.maximum:
                self._reset()
                stack.extend((child, True) for child in reversed(node.children))
                continue
            else:
                self._reset()
            self._last_end = self._true_end(node)

    def _true_end(self, node: Node) -> int:
        """Some grammars count the line end to a comment or directive."""
        end: int = node.end_byte
        return end - 1 if end and self._data[end - 1] == 10 else end

    def _reset(self) -> None:
        self._pending = None
        self._joinable = None

    def _attach(self, node: Node, is_comment: bool) -> None:
        start = node.start_byte
        newlines = self._data.count(b"\n", self._last_end, start)
        if is_comment and newlines == 0 and self._last_end:
            return
        if self._pending is None or (self._pending_comment and newlines > 1):
            self._pending = start
        self._pending_comment = is_comment

    def _match(self, node: Node, kind: str, strict: bool) -> tuple[Found, str, Node, Rule] | None:
        """Return what a node of a type defines, and its kind; None if nothing that deserves a chunk."""
        inner: Node | None = node
        rules, wrappers = self._spec.rules, self._spec.wrappers
        while inner is not None and kind not in rules:
            if kind not in wrappers:
                return None
            inner = next((c for c in inner.named_children if c.type in rules or c.type in wrappers), None)
            kind = inner.type if inner is not None else ""
        if inner is None:
            return None
        rule = rules[kind]
        found = rule.name(inner, self._data)
        if found is None:
            return None
        kind = found.kind or rule.kind
        if strict and (kind not in _INNER_KINDS or _lines(node) < _INNER_LINES):
            return None
        if not self._keeps_small and kind in _FIELD_KINDS and _lines(node) < SMALL_LINES:
            return None
        return found, kind, inner, rule

    def _define(self, node: Node, found: Found, kind: str, rule: Rule) -> Definition | None:
        """Make the definition, or lengthen the one before it of which it is a further clause (then None)."""
        owner, start, end = self._owner, node.start_byte, self._true_end(node)
        near = not self._pending_comment or self._data.count(b"\n", self._last_end, start) <= 1
        if self._pending is not None and near:
            start = self._pending
        self._pending = None
        previous = self._joinable
        if kind == "function" and owner is not None and owner.kind in self._spec.method_owners:
            kind = "method"
        elif kind == "property" and owner is None:
            kind = "variable"
        if previous is not None and previous.symbol == found.symbol and kind in CALLABLE_KINDS:
            previous.end = end
            return None
        scope = owner.path if owner is not None else ""
        parent = f"{scope}.{found.parent}" if scope and found.parent else scope or found.parent
        definition = Definition(
            start, end, kind, found.symbol, parent, kind in _SMALL_KINDS or rule.mergeable
        )
        self._joinable = definition if self._spec.joined and rule.opens is not Opens.ALWAYS else None
        return definition


def _lines(node: Node) -> int:
    return int(node.end_point[0] - node.start_point[0]) + 1
