"""Independent validation: doc → code retrieval on packages that no step has seen."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.model.bags import Bags, Floats, bags_of
from training.model.examples import Record, chunk_text
from training.model.weights import Parameters
from vexord.embed.tokens import Tokens, Vocabulary

DOC = "doc"
_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Validation:
    """The held-out pairs as bags, with the group (package) within which each query searches."""

    queries: Bags
    chunks: Bags
    groups: Sequence[str]

    @classmethod
    def of(cls, records: Sequence[Record], vocabulary: Vocabulary) -> "Validation":
        """Take the records whose query is a documentation comment, one for each chunk."""
        seen: set[tuple[str, str]] = set()
        kept: list[Record] = []
        for record in records:
            if record.source == DOC and (key := (record.package, record.code)) not in seen:
                seen.add(key)
                kept.append(record)
        tokens = Tokens(vocabulary)
        return cls(
            bags_of(tokens.query(record.query) for record in kept),
            bags_of(tokens.chunk(chunk_text(record, header=False)) for record in kept),
            [f"{record.language} {record.package}" for record in kept],
        )

    def score(self, parameters: Parameters) -> dict[str, float]:
        """Return NDCG@10 by group (one right chunk a query, sought among the group's), and their mean."""
        asked = embed(self.queries, parameters.rows, parameters.query)
        given = embed(self.chunks, parameters.rows, parameters.chunk)
        members: defaultdict[str, list[int]] = defaultdict(list)
        for number, group in enumerate(self.groups):
            members[group].append(number)
        scores = {}
        for group, numbers in sorted(members.items()):
            similar = asked[numbers] @ given[numbers].T
            ranks = (similar > np.diagonal(similar)[:, None]).sum(axis=1)
            scores[group] = float(np.where(ranks < _DEPTH, 1 / np.log2(ranks + 2), 0).mean())
        scores["mean"] = float(np.mean(list(scores.values())))
        return scores


def embed(bags: Bags, rows: Floats, logs: Floats) -> Floats:
    """Return the unit rows of many bags, some at a time."""
    scaled = rows * np.exp(logs)[:, None]
    sums = np.zeros((len(bags), rows.shape[1]), np.float32)
    for start in range(0, len(bags), 256):
        some = bags.take(np.arange(start, min(start + 256, len(bags))))
        gathered = scaled[some.ids] * some.weights[:, None]
        for number in range(len(some)):
            sums[start + number] = gathered[some.starts[number] : some.starts[number + 1]].sum(axis=0)
    unit: Floats = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    return unit
