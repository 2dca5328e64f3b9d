"""What a second model is given for each chunk of a file, and what of it stays here."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vexor_protocol.health import HeldBack

from vexord.index.embed_text import embed_hash, embed_text, text_hash
from vexord.index.types import Chunk
from vexord.ingest.ignore.builtin import SECRETS
from vexord.ingest.ignore.glob import FILE_MARK
from vexord.ingest.ignore.ruleset import RuleSet, parse_rules


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Texts of one file by the hash that names their row."""

    texts: dict[int, str] = field(default_factory=dict)
    held_back: int = 0
    """Chunks that look as if they held a secret."""
    places: Sequence[HeldBack] = ()
    """Where they do."""


ReadFile = tuple[str, Sequence[Chunk]]
"""A file's text and its chunks."""
Give = Callable[[str, ReadFile], Outgoing]
"""(path, file) → what is given away."""


def give_local(path: str, file: ReadFile) -> Outgoing:
    """To a model on this machine: each chunk with its header, by `embed_hash`."""
    return Outgoing({embed_hash(path, chunk): embed_text(path, chunk) for chunk in file[1]})


def give_remote(path: str, file: ReadFile) -> Outgoing:
    """To a provider: each chunk's text alone, by `text_hash`, without what looks like a secret.

    Without its header a text is the same wherever its file lies, so moving one, or having it twice, costs
    nothing; the path and the names around a chunk are in its words and in the first model's row.
    """
    from vexord.embed.remote.secrets import secret_lines

    text, chunks = file
    if secret_file(path):
        whole = HeldBack(path=path, line=0, end_line=0, rule="file-name")
        return Outgoing(held_back=len(chunks), places=[whole])
    secrets = secret_lines(text)
    texts: dict[int, str] = {}
    held_back = 0
    for chunk in chunks:
        if any(one.first <= chunk.end_line and one.last >= chunk.start_line for one in secrets):
            held_back += 1
        elif chunk.text:
            texts[text_hash(chunk.text)] = chunk.text
    places = [HeldBack(path=path, line=one.first, end_line=one.last, rule=one.rule) for one in secrets]
    return Outgoing(texts, held_back, places)


def secret_file(path: str) -> bool:
    """Whether a file is of a kind that holds secrets; a `.vexorignore` may have it indexed all the same."""
    rule = _secret_names().match(path.lower() + FILE_MARK)
    return rule is not None and not rule.negated


@functools.cache
def _secret_names() -> RuleSet:
    return RuleSet(parse_rules(SECRETS, "built-in secrets", numbered=False))
