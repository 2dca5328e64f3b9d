"""Reads the shards that `training/corpus` mined into pairs of query and chunk text."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vexord.index.embed_text import embed_text
from vexord.index.types import Chunk


class Record(msgspec.Struct, frozen=True):
    """One line of a shard."""

    package: str
    language: str
    path: str
    source: str
    """Kind of query, for instance `doc` or `name`."""
    query: str
    code: str
    symbol: str = ""
    parent: str = ""
    kind: str = "text"
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """All records, those for training apart from those of packages that are held out to validate."""

    training: Sequence[Record]
    held_out: Sequence[Record]


def read(shards: Path) -> Corpus:
    """Read every shard of a folder, in the order of their names.

    Raises:
        FileNotFoundError: there is no shard.
    """
    files = sorted(shards.glob("*.jsonl.gz"))
    if not files:
        raise FileNotFoundError(f"no *.jsonl.gz in {shards}: run python -m training.corpus --out {shards}")
    training: list[Record] = []
    held_out: list[Record] = []
    for record in (record for file in files for record in _records(file)):
        (held_out if record.held_out else training).append(record)
    return Corpus(training, held_out)


def chunk_text(record: Record, *, header: bool = True) -> str:
    """Return what the daemon would embed for the record's chunk; without `header`, an empty first line."""
    text = embed_text(
        record.path,
        Chunk(1, 1, 0, 0, record.code, symbol=record.symbol, parent=record.parent, kind=record.kind),
    )
    return text if header else "\n" + text.partition("\n")[2]


def _records(file: Path) -> Iterator[Record]:
    decoder = msgspec.json.Decoder(Record)
    with gzip.open(file, "rb") as lines:
        yield from map(decoder.decode, lines)
