"""A folder that is indexed for real and can be searched without a daemon."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from vexor_protocol.messages import Filters, Hit, QueryResult

from tests.support.trees import make_tree
from vexord.embed.default import default_embedder
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter
from vexord.ingest.pipeline import Pipeline
from vexord.search.candidates import Pool
from vexord.search.engine import Engine, SearchOptions, Target


class Searchable:
    """A project below `base`; `add` indexes files, a call returns hits."""

    def __init__(self, base: Path, files: Mapping[str, str | bytes]) -> None:
        self.root = base / "root"
        self._index = str(base / "index")
        self.engine = Engine()
        self.add(files)

    def add(self, files: Mapping[str, str | bytes], removed: Sequence[str] = ()) -> None:
        """Write files and publish them as one more segment; drop what was `removed`."""
        make_tree(self.root, files)
        embedder = default_embedder(1)
        writer = IndexWriter.open(self._index, embedder.fingerprint)
        writer.commit(Pipeline(str(self.root), writer, embedder).run(files).upserts, removed)
        writer.close()
        self._snapshot = Snapshot.open(self._index)

    def target(self, prefix: str = "") -> Target:
        return Target(str(self.root), str(self.root), self._snapshot, prefix)

    def pools(self) -> list[Pool]:
        return [Pool(0, view, view.live) for view in self._snapshot.segments]

    def answer(
        self, query: str, filters: Filters | None = None, prefix: str = "", **options: object
    ) -> QueryResult:
        chosen = SearchOptions(filters=filters or Filters(), **options)  # type: ignore[arg-type]
        (result,) = self.engine.search([self.target(prefix)], [query], chosen)
        return result

    def __call__(
        self, query: str, filters: Filters | None = None, prefix: str = "", **options: object
    ) -> list[Hit]:
        return self.answer(query, filters, prefix, **options).hits

    def paths(self, query: str, **options: object) -> list[str]:
        return [hit.path for hit in self(query, **options)]  # type: ignore[arg-type]
