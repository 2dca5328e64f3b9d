from vexor_protocol.messages import Hit, Place, ProjectFreshness, QueryResult, SearchResult

ROUTER = '''\
    def bind(self, path: str) -> None:
        """Bind the router socket; the folder must be ours."""
        check_folder(path)

        old = os.umask(0o177)
        try:
            self._socket.bind(f"ipc://{path}")
        finally:
            os.umask(old)
        self._bound = True
        logger.info("bound to %s", path)
        self._notify("READY=1")
'''
GUIDE = "The daemon listens on one socket.\n\tIt is bound\tonce.\n"


def make_hit(**changed: object) -> Hit:
    values: dict[str, object] = {
        "path": "server/router.py",
        "project": "/home/me/vexord",
        "start_line": 41,
        "end_line": 52,
        "score": 0.8125,
        "symbol": "bind",
        "kind": "method",
        "language": "python",
        "text": ROUTER,
        "parent": "Router",
        "focus_line": 47,
        "more": [
            Place(start_line=120, end_line=130, score=0.5, symbol="close", kind="method"),
            Place(start_line=201, end_line=209, score=0.4, symbol=None, kind="block"),
        ],
    }
    return Hit(**(values | changed))  # type: ignore[arg-type]


def make_result(
    *queries: tuple[str, list[Hit]], projects: tuple[str, ...] = ("/home/me/vexord",)
) -> SearchResult:
    return SearchResult(
        results=[QueryResult(query=query, hits=hits, took_ms=1.25) for query, hits in queries],
        stale=False,
        generation=7,
        clock="c:0a1b2c3d:4",
        projects=[
            ProjectFreshness(
                project=project, generation=7 + index, clock=f"c:0a1b2c3d:{4 + index}", stale=index > 0
            )
            for index, project in enumerate(projects)
        ],
        total=sum(len(hits) for _, hits in queries),
    )


def two_hits() -> SearchResult:
    guide = make_hit(
        path="docs/guide.md",
        start_line=9,
        end_line=10,
        symbol="Sockets",
        kind="section",
        language="markdown",
        text=GUIDE,
        parent="Guide > Running",
        focus_line=10,
        more=[],
    )
    return make_result(("where do we bind the socket", [make_hit(), guide]))
