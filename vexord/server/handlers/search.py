"""`search`: which folders, how fresh, one or two rounds, the reply."""

import time
from dataclasses import dataclass, replace

from vexor_protocol.errors import INVALID_PARAMS, NOT_INDEXED, NOT_REGISTERED, ProtocolError
from vexor_protocol.messages import ProjectFreshness, QueryResult, SearchParams, SearchResult

from vexord.index.snapshot import Snapshot
from vexord.projects.registry import resolve_root
from vexord.render.search import render_search
from vexord.search.engine import SearchOptions, Target
from vexord.server.dispatch import Call
from vexord.server.freshness import Outcomes
from vexord.server.notes import notes
from vexord.server.projects_view import ProjectView
from vexord.server.services import Services

SECOND_ROUND_S = 0.02
"""Time that must be left to look again after hits had to be dropped."""
ANSWER_TIME_S = 0.05
"""Kept of the client's deadline for the search itself."""
PATIENCE_S = 60.0
"""What a client that names no deadline is taken to wait for the search itself."""


@dataclass(frozen=True, slots=True)
class _Scope:
    places: list[tuple[ProjectView, str]]
    """Projects and the prefix inside each."""
    registered: str | None = None
    """Root of the project that this request registered."""
    like: tuple[ProjectView, str] | None = None
    """The file that something like is searched: its project, and its path inside."""


class SearchMethod:
    """Handler of `search`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def search(self, call: Call, params: SearchParams) -> None:
        """Begin a search; it answers the call when it is done."""
        queries = _queries(params)
        scope = self._scope(params)
        if params.like is not None:
            view, prefix = self._services.tracker.covering(params.like.path)
            scope = replace(scope, like=(view, prefix.rstrip("/")))
        self._services.figures.searches += 1
        _Search(self._services, call, params, queries, scope).begin()

    def _scope(self, params: SearchParams) -> _Scope:
        tracker = self._services.tracker
        if params.path is not None and params.projects is not None:
            raise ProtocolError(INVALID_PARAMS, "path and projects exclude each other", "give one of them")
        if params.projects is not None:
            return _Scope([(tracker.exactly(path), "") for path in dict.fromkeys(params.projects)])
        if params.path is None:
            return _Scope([(view, "") for view in tracker.views])
        try:
            return _Scope([tracker.covering(params.path)])
        except ProtocolError as error:
            if error.kind is not NOT_REGISTERED or not params.register:
                raise
        root = resolve_root(params.path, exact=False)
        inside = self._services.live.choices.in_project(root)
        project = self._services.registry.add(root, index_in_project=inside)
        tracker.view(project)
        return _Scope([tracker.covering(params.path)], registered=project.root)


class _Search:
    """One request: proof if asked for, search, and one more round if files changed under the hits."""

    def __init__(
        self, services: Services, call: Call, params: SearchParams, queries: list[str], scope: _Scope
    ) -> None:
        self._services = services
        self._call = call
        self._params = params
        self._queries = queries
        self._scope = scope
        limit_ms = params.first_index_ms if scope.registered is not None else params.fresh_ms
        if limit_ms and any(not view.generation for view, _ in scope.places):
            # Somebody else registered the folder a moment ago: an answer from nothing helps nobody.
            limit_ms = max(limit_ms, params.first_index_ms)
        self._wants_proof = limit_ms > 0 and bool(scope.places)
        self._limit = call.arrived + limit_ms / 1000
        if call.deadline is not None:
            self._limit = min(self._limit, call.deadline - ANSWER_TIME_S)
        self._second = False

    def begin(self) -> None:
        """Ask for proof, or search at once."""
        for view, prefix in self._scope.places:
            self._services.tracker.prefer(view, prefix)
        if self._wants_proof:
            views = [view for view, _ in self._scope.places]
            views += [self._scope.like[0]] if self._scope.like is not None else []
            ids = dict.fromkeys(view.project.id for view in views)
            self._services.tracker.freshness.prove(ids, self._limit, self._search)
        else:
            self._search(None)

    def _search(self, outcomes: Outcomes | None) -> None:
        """Read the snapshots that are open now; `outcomes` says what they are worth."""
        running = self._services.tracker.indexer_running
        freshness: list[ProjectFreshness] = []
        targets: list[Target] = []
        for view, prefix in self._scope.places:
            snapshot = view.slot.snapshot()  # it may have to be opened, and that may fail: before all else
            if outcomes is None:
                freshness.append(view.freshness(view.doubts(running)))
            else:
                freshness.append(view.proved(outcomes[view.project.id], running))
            if snapshot is not None:
                targets.append(_target(view, snapshot, prefix))
        place: Target | None = None
        if self._scope.like is not None:
            view, path = self._scope.like
            snapshot = view.slot.snapshot()
            place = _target(view, snapshot, path) if snapshot is not None else None
        time_left = self._limit - time.monotonic()
        may_repeat = outcomes is not None and not self._second and time_left > SECOND_ROUND_S
        if self._call.deadline is None:
            self._call.deadline = time.monotonic() + PATIENCE_S
        self._services.workers.submit(
            lambda: self._work(place, targets, freshness, may_repeat),
            self._done,
            self._failed,
            self._call.peer.identity,
        )

    def _work(
        self,
        place: Target | None,
        targets: list[Target],
        freshness: list[ProjectFreshness],
        may_repeat: bool,
    ) -> bytes | None:
        """In a worker: return the reply's bytes, or None if another round is wanted."""
        self._call.check_deadline()
        params = self._params
        options = SearchOptions(
            top=params.top,
            filters=params.filters,
            syntax=params.syntax,
            explain=params.explain,
            no_cache=params.no_cache,
            check=self._call.check_deadline,
        )
        if params.like is not None:
            results = [self._services.engine.related(_known(place), params.like.line, targets, options)]
        elif targets:
            results = self._services.engine.search(targets, self._queries, options)
        else:
            results = [QueryResult(query=query, hits=[]) for query in self._queries]
        if may_repeat and any(result.dropped for result in results):
            return None
        return self._call.encode(self._result(results, freshness))

    def _result(self, results: list[QueryResult], freshness: list[ProjectFreshness]) -> SearchResult:
        only = freshness[0] if len(freshness) == 1 else None
        result = SearchResult(
            results=results,
            stale=any(project.stale for project in freshness),
            generation=only.generation if only is not None else None,
            clock=only.clock if only is not None else None,
            projects=freshness,
            registered=self._scope.registered,
            total=sum(len(result.hits) for result in results),
            notes=notes(freshness, self._scope.registered),
        )
        result.notes += dict.fromkeys(note for found in results for note in found.notes)
        if not freshness and self._params.projects is None:
            result.notes.append("no folder is registered; run: vexorctl add DIR")
        if self._params.render is not None:
            result.rendered = render_search(result, self._params.render)
            result.results = []
        return result

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, ProtocolError):
            for view, _ in self._scope.places:
                self._services.tracker.doubt(view)
        self._call.fail(error)

    def _done(self, body: bytes | None) -> None:
        if body is not None:
            self._call.reply_encoded(body)
        else:
            self._second = True
            self.begin()


def _target(view: ProjectView, snapshot: Snapshot, prefix: str) -> Target:
    return Target(view.project.root, view.project.root, snapshot, prefix)


def _known(place: Target | None) -> Target:
    if place is None:
        raise ProtocolError(NOT_INDEXED, "the place's project is not indexed yet", "run: vexorctl wait")
    return place


def _queries(params: SearchParams) -> list[str]:
    """Return the queries, with lone surrogates replaced: a model reads text, not bytes."""
    if sum(given is not None for given in (params.query, params.queries, params.like)) != 1:
        raise ProtocolError(INVALID_PARAMS, "exactly one of query, queries and like is needed")
    queries = params.queries if params.queries is not None else [params.query or ""]
    return [query.encode("utf-8", "replace").decode() for query in queries]
