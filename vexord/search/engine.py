"""The search road in one function: filters → candidates → ranking → verified hits."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
from vexor_protocol.errors import MODEL, TOO_LARGE, ProtocolError
from vexor_protocol.health import QueryCache
from vexor_protocol.messages import Correction, Filters, QueryResult

from vexord.embed.default import default_embedder
from vexord.embed.seam import Fingerprint, NotNowError, Vectors
from vexord.index.snapshot import Snapshot
from vexord.search.batch import portions, rough_similarities
from vexord.search.candidates import Pool, collect
from vexord.search.correct import correct, correction_note
from vexord.search.evidence import Contest
from vexord.search.filters import MaskCache, RowFilter
from vexord.search.grep import focus_line
from vexord.search.hits import Texts, make_hit
from vexord.search.listing import list_files
from vexord.search.meaning import QueryVectors
from vexord.search.names import NameCache
from vexord.search.narrow import Narrowed, narrow
from vexord.search.query import Query, parse_query
from vexord.search.rank import RankedFile, rank
from vexord.search.recent import RecentVectors
from vexord.search.related import find_origin, like_query, without_origin
from vexord.search.second import QueryModel, SecondModels, second_names
from vexord.search.syntax import Asked, Syntax, describe, read_query
from vexord.search.weights import likeness_weights

MAX_ANSWER_CHARS = 8 << 20
"""Of the hits of one request: a client that does not read its replies leaves several of them in memory."""
_OTHERS = "some folders have rows of another model than others: those of the smaller part are not used"


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
    syntax: Syntax = "operators"
    no_cache: bool = False
    """Have every query embedded anew, and keep nothing of it."""
    check: Callable[[], None] = lambda: None
    """Called between the steps of the work; what it raises ends the search."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A query that was read, before the search."""

    text: str
    asked: Asked
    narrowed: Narrowed
    query: Query
    corrections: Sequence[Correction]
    vectors: QueryVectors | None
    lacking: str
    """Why the second model has no part in the answer, if it should."""
    spent_s: float


class Engine:
    """Answers queries from snapshots. Thread-safe; the model is loaded on first use or by `warm`."""

    def __init__(self, second: SecondModels | None = None) -> None:
        """`second`: who embeds queries for the rows of second models; None: those rows are not used."""
        self.second = second
        self._embedder = default_embedder()
        self._recent = RecentVectors()
        self._masks = MaskCache()
        self._names = NameCache()

    def choose(self, second: SecondModels) -> None:
        """Embed with these second models from the next query on."""
        before, self.second = self.second, second
        if before is not None:
            before.close()

    def query_cache(self) -> QueryCache:
        """Return how the cache of query embeddings does."""
        return self._recent.figures()

    def warm(self) -> None:
        """Load the model, so that the first search need not."""
        self._embedder.embed_query("warm up")
        if self.second is not None:
            self.second.warm()

    def search(
        self, targets: Sequence[Target], queries: Sequence[str], options: SearchOptions
    ) -> list[QueryResult]:
        """Answer each query over all targets.

        Raises:
            ProtocolError: bad filters, or an index made with another model.
        """
        pools = self._pools(targets, options.filters)
        roots = [target.root for target in targets]
        texts = Texts()
        answers: dict[str, QueryResult] = {}
        self._prefetch(pools, queries, options)
        rows = sum(pool.view.segment.rows for pool in pools)
        chars = 0
        for portion in portions(list(dict.fromkeys(queries)), rows):
            prepared = [self._prepare(roots, pools, text, options) for text in portion]
            options.check()
            started = time.perf_counter()
            ranked = _ranked(pools, prepared)
            spent_s = (time.perf_counter() - started) / len(prepared)
            for one, files in zip(prepared, ranked, strict=True):
                answer = answers[one.text] = self._answer(targets, one, files, texts, options, spent_s)
                chars += sum(len(hit.text) for hit in answer.hits)
                if chars > MAX_ANSWER_CHARS:
                    raise ProtocolError(
                        TOO_LARGE,
                        f"the answers hold more than {MAX_ANSWER_CHARS >> 20} MiB of text",
                        "ask for fewer hits, or fewer queries at once",
                    )
        return [answers[text] for text in queries]

    def _prefetch(self, pools: Sequence[Pool], queries: Sequence[str], options: SearchOptions) -> None:
        """Ask a provider for many queries at once; those whose names are corrected are asked for later."""
        if self.second is not None and len(queries) > 1:
            texts = [parse_query(read_query(text, options.syntax).prose).text for text in queries]
            self.second.prefetch(second_names(pool.view for pool in pools)[:1], texts)

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

    def _prepare(
        self, roots: Sequence[str], pools: Sequence[Pool], text: str, options: SearchOptions
    ) -> "_Prepared":
        """Read a query: all that comes before the scan of the vectors."""
        options.check()
        started = time.perf_counter()
        asked = read_query(text, options.syntax)
        narrowed = narrow(pools, roots, asked, self._masks)
        query, corrections = self._query(asked, narrowed.pools, options)
        vectors, lacking = self._vectors(query, narrowed.pools, options.no_cache)
        spent_s = time.perf_counter() - started
        return _Prepared(text, asked, narrowed, query, corrections, vectors, lacking, spent_s)

    def _answer(
        self,
        targets: Sequence[Target],
        one: "_Prepared",
        files: Iterable[RankedFile],
        texts: Texts,
        options: SearchOptions,
        ranked_s: float,
    ) -> QueryResult:
        started = time.perf_counter() - one.spent_s - ranked_s
        narrowed, asked = one.narrowed, one.asked
        result = QueryResult(query=one.text, hits=[], dropped=narrowed.dropped, partial=narrowed.partial)
        result.corrected = list(one.corrections)
        _fill(result, targets, narrowed.pools, one.query, files, texts, options)
        for hit in result.hits if asked.wanted else ():
            hit.focus_line = focus_line(hit.text, hit.start_line, asked.wanted) or hit.focus_line
        result.notes = narrowed.notes + _notes(asked, narrowed, result)
        if one.lacking:
            result.notes.append(f"ranked without the second model: {one.lacking}")
        result.took_ms = _ms_since(started)
        return result

    def related(
        self, place: Target, line: int | None, targets: Sequence[Target], options: SearchOptions
    ) -> QueryResult:
        """Answer with code like that at a place: `place.prefix` is the path of a file in its project.

        Raises:
            ProtocolError: NOT_INDEXED, the file is not there; INVALID_PARAMS, bad filters or no such line;
                MODEL, an index made with another model.
        """
        started = time.perf_counter()
        pools = self._pools(targets, options.filters)
        origin = find_origin(place.snapshot, place.root, place.prefix, line)
        query, vector = like_query(origin, pools)
        text = place.prefix if line is None else f"{place.prefix}:{line}"
        result = QueryResult(query=text, hits=[])
        others = without_origin(pools, origin)
        found = collect(others, query, QueryVectors(vector))
        (files,) = rank(others, [Contest(query, found)], likeness_weights)
        _fill(result, targets, others, query, files, Texts(), options)
        result.took_ms = _ms_since(started)
        return result

    def _query(
        self, asked: Asked, pools: Sequence[Pool], options: SearchOptions
    ) -> tuple[Query, Sequence[Correction]]:
        query = parse_query(asked.prose)
        if options.syntax != "operators":  # whoever asks for no reading of the text wants no other text
            return query, ()
        corrected = correct(query, pools, self._names)
        return corrected.query, corrected.corrections

    def _vectors(
        self, query: Query, pools: Sequence[Pool], no_cache: bool
    ) -> tuple[QueryVectors | None, str]:
        """Return the query's vectors, and why there is none of the second model if there should be."""
        if not query.terms:  # punctuation means nothing: its vector would be near to noise
            return None, ""
        vector = self._embed(self._embedder, query.text, no_cache)
        if not vector.any():
            return None, ""
        models = self.second  # read once: others may be chosen meanwhile
        if models is None:
            return QueryVectors(vector), ""
        names = second_names(pool.view for pool in pools)
        if not names:
            return QueryVectors(vector), models.missing
        try:
            second = self._embed(models.of(names[0]), query.text, no_cache)
        except NotNowError as error:
            return QueryVectors(vector), str(error)
        return QueryVectors(vector, second, names[0]), _OTHERS if len(names) > 1 else ""

    def _embed(self, embedder: QueryModel, text: str, no_cache: bool) -> Vectors:
        return embedder.embed_query(text) if no_cache else self._recent.embed(embedder, text)


def _ranked(pools: Sequence[Pool], prepared: Sequence[_Prepared]) -> list[Iterable[RankedFile]]:
    """Return the files that answer each query, best first; the ranking of all is done together."""
    views = [pool.view for pool in pools]
    shared = rough_similarities(views, [one.vectors for one in prepared])
    contests = [
        Contest(one.query, collect(one.narrowed.pools, one.query, one.vectors, rough))
        for one, rough in zip(prepared, shared, strict=True)
    ]
    ranked: list[Iterable[RankedFile]] = []
    for one, files in zip(prepared, rank(pools, contests), strict=True):
        only_listed = one.asked.has_operators and not one.query.terms
        ranked.append(list_files(one.narrowed.pools, one.asked.wanted) if only_listed else files)
    return ranked


def _fill(
    result: QueryResult,
    targets: Sequence[Target],
    pools: Sequence[Pool],
    query: Query,
    files: Iterable[RankedFile],
    texts: Texts,
    options: SearchOptions,
) -> None:
    """Make hits of the best files, until there are enough of them."""
    for file in files:
        if len(result.hits) == options.top:
            break
        options.check()
        target = targets[file.target]
        hit = make_hit(target.project, target.root, pools, file, query, texts)
        if hit is None:
            result.dropped += 1
            continue
        if options.explain:
            hit.explain = file.explain()
        result.hits.append(hit)


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def _notes(asked: Asked, narrowed: Narrowed, result: QueryResult) -> list[str]:
    notes = [correction_note(correction) for correction in result.corrected]
    if narrowed.partial:
        notes.append(
            "not all files could be looked through in time, there may be more; narrow it with path: or lang:"
        )
    if asked.has_operators and not result.hits:
        notes.append(f"nothing matches {describe(asked)}; to search for the words as they stand, use --text")
    return notes
