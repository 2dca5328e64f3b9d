"""One question of a set, in the schema that evalkit judges."""

import msgspec


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file that answers, or some of its lines (1-based, inclusive)."""

    path: str
    start: int | None = None
    end: int | None = None


class Question(msgspec.Struct, frozen=True):
    """A query and what answers it."""

    repo: str
    language: str
    query: str
    category: str
    relevant: list[Target]
