"""The search road in one function: filters → candidates → ranking → verified hits."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from vexor_protocol.errors import MODEL, ProtocolError
from vexor_protocol.messages import Filters, Hit, QueryResult

from vexord.embed.default import default_embedder
from vexord.embed.seam import Embedder, Fingerprint, Vectors
from vexord.index.snapshot import Snapshot
from vexord.search.candidates import Pool, collect
from vexord.search.filters import MaskCache, RowFilter
from vexord.search.hits import make_hit
from vexord.search.query import Query, parse_query
from vexord.search.rank import explain, rank


@dataclass(frozen=True, slots=True)
class Target:
    """One project to search, or a part of it."""

    project: str
    root: str
    snapshot: Snapshot
    prefix: str = ""
    """Folder inside the root with a closing slash, or empty for all of it."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """What bounds an answer."""

    top: int = 10
    filters: Filters = field(default_factory=Filters)
    explain: bool = False
    """Tell what made up each hit's score."""


class Engine:
    """Answers queries from snapshots. Thread-safe; the model is loaded on first use or by `warm`."""

    def __init__(self, embedder: Callable[[], Embedder] = default_embedder) -> None:
        self._embedder = embedder()
        self._masks = MaskCache()

    def warm(self) -> None:
        """Load the model, so that the first search need not."""
        self._embedder.embed_query("warm up")

    def search(
        self, targets: Sequence[Target], queries: Sequence[str], options: SearchOptions
    ) -> list[QueryResult]:
        """Answer each query over all targets.

        Raises:
            ProtocolError: bad filters, or an index made with another model.
        """
        pools = self._pools(targets, options.filters)
        return [self._search_one(targets, pools, text, options) for text in queries]

    def _pools(self, targets: Sequence[Target], filters: Filters) -> list[Pool]:
        pools: list[Pool] = []
        for number, target in enumerate(targets):
            mine = self._embedder.fingerprint
            theirs = msgspec.convert(target.snapshot.fingerprint, Fingerprint)
            if not mine.same_space(theirs):
                raise ProtocolError(
                    MODEL,
                    f"the index of {target.root} was made with {theirs}, not {mine}",
                    f"run: vexorctl reindex --full {target.root}",
                )
            wanted = RowFilter.of(filters, target.prefix)
            pools += [Pool(number, view, self._masks.mask(view, wanted)) for view in target.snapshot.segments]
        return pools

    def _search_one(
        self, targets: Sequence[Target], pools: Sequence[Pool], text: str, options: SearchOptions
    ) -> QueryResult:
        started = time.perf_counter()
        query = parse_query(text)
        candidates = collect(pools, query, self._vector(query))
        hits: list[Hit] = []
        dropped = 0
        for file in rank(pools, candidates, query):
            if len(hits) == options.top:
                break
            target = targets[file.target]
            hit = make_hit(target.project, target.root, pools, file, query)
            if hit is None:
                dropped += 1
                continue
            if options.explain:
                hit.explain = explain(pools, candidates, file, query)
            hits.append(hit)
        took_ms = round((time.perf_counter() - started) * 1000, 3)
        return QueryResult(query=text, hits=hits, dropped=dropped, took_ms=took_ms)

    def _vector(self, query: Query) -> Vectors | None:
        if not query.terms:  # punctuation means nothing: its vector would be near to noise
            return None
        vector = self._embedder.embed_query(query.text)
        return vector if vector.any() else None
