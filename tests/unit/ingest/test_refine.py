"""The refiner with a real index and cache, and a maker that does what the test says."""

import errno
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from vexor_protocol.health import Degraded

from tests.support.faults import hooked
from vexord.embed.choice import Embedding
from vexord.embed.default import default_embedder
from vexord.embed.kept import Kept
from vexord.embed.seam import Fingerprint
from vexord.index.snapshot import Snapshot
from vexord.index.writer import IndexWriter
from vexord.ingest import refine, spending
from vexord.ingest.health import Health
from vexord.ingest.makers import Item, Made
from vexord.ingest.pipeline import Pipeline
from vexord.ingest.refine import Refiner
from vexord.ingest.rows import KeptRows
from vexord.ingest.spending import Spending

CODE = "def {0}(value):\n    return value + {1}"
"""A file of one chunk."""


class Maker:
    """Keeps what it is given; `answer` makes rows of it. Notes every text, in order."""

    urgent = True

    def __init__(self) -> None:
        self.held: list[Item] = []
        self.seen: list[str] = []
        self.done: list[Made] = []
        self.limit = 1_000
        self.first: list[str] = []

    def room(self) -> int:
        return self.limit - len(self.held)

    def submit(self, _project: str, items: Sequence[Item], *, first: bool) -> None:
        new = [item for item in items if item.key not in {one.key for one in self.held}]
        self.held += new
        self.seen += [item.text for item in new]
        self.first += [item.text for item in new if first]

    def forget(self, project: str) -> None:
        self.held = []

    def answer(self, count: int | None = None) -> None:
        now, self.held = self.held[:count], self.held[count:] if count is not None else []
        rows = np.array([[127, len(text) % 100, 1] for _, text, _ in now], np.int8).reshape(-1, 3)
        self.done.append(Made([item.key for item in now], rows))

    def refuse(self) -> None:
        self.done.append(Made([], None, unfit=[item.key for item in self.held]))
        self.held = []

    def take(self) -> list[Made]:
        done, self.done = self.done, []
        return done

    def problem(self) -> Degraded | None:
        return None

    def spent(self) -> None:
        pass

    def close(self) -> None:
        pass


@dataclass
class Folder:
    """As much of a `Project` as the refiner sees: a real writer and pipeline over a real folder."""

    root: Path
    index: str
    rows: KeptRows
    state: str = "ready"
    busy: bool = False
    health: Health = field(default_factory=Health)

    def __post_init__(self) -> None:
        self.root.mkdir(exist_ok=True)
        self.spec = SimpleNamespace(id=str(self.root), consent="")
        self.writer = IndexWriter.open(self.index, default_embedder().fingerprint, self.rows)
        self.pipeline = Pipeline(str(self.root), self.writer, default_embedder())
        self.published: list[str] = []

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text)
        self.writer.commit(self.pipeline.run([f"{name}.py" for name in files]).upserts, [])

    def change(self, change: Callable[[], bool]) -> None:
        what = "switch" if change == self.writer.switch else "rows"
        self.published.append(what if change() else "nothing")

    def refined(self) -> dict[str, str]:
        """Model by file with a row of it."""
        views = Snapshot.open(self.index).segments
        return {
            path: view.refined.model
            for view in views
            if view.refined is not None
            for number, path in enumerate(view.segment.paths.tolist())
            if path in self.writer.entries() and self.writer.entries()[path].segment == view.segment.name
            if view.refined.rows[view.segment.files["row_start"][number]].any()
        }


def kept(model: str = "m", **chosen: str) -> Kept:
    fingerprint = Fingerprint(provider="p", endpoint="", model=model, dimensions=0, chunker=1)
    return Kept(fingerprint=fingerprint, key="text_hash", chosen=Embedding(**chosen))  # type: ignore[arg-type]


Make = Callable[..., tuple[Refiner, Maker, Folder]]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    opened: list[Any] = []

    def make_one(
        paid: Spending | None = None, model: str = "m", state: str = "ready"
    ) -> tuple[Refiner, Maker, Folder]:
        rows = KeptRows(str(tmp_path / "cache"), kept(model))
        maker = Maker()
        refiner = Refiner(rows, maker, paid or Spending("p:m", None, own=True))
        folder = Folder(tmp_path / "p", str(tmp_path / "p-index"), rows, state)
        opened.extend([folder.writer, refiner])
        return refiner, maker, folder

    yield make_one
    for one in opened:
        one.close()


def settle(refiner: Refiner, *folders: Folder) -> None:
    """Step until nothing can be done at once."""
    for _ in range(1_000):
        more = [refiner.step(folder)[0] for folder in folders]  # type: ignore[arg-type]
        if not any(more):
            return
    raise AssertionError("it does not come to rest")


def work(refiner: Refiner, maker: Maker, *folders: Folder) -> None:
    settle(refiner, *folders)
    while maker.held:
        maker.answer()
        settle(refiner, *folders)


def test_the_file_written_last_goes_first_and_rows_are_published_when_all_are_there(make: Make) -> None:
    refiner, maker, folder = make()
    folder.write(old=CODE.format("old", 1))
    folder.write(new=CODE.format("new", 2))
    work(refiner, maker, folder)
    assert maker.seen == [CODE.format("new", 2), CODE.format("old", 1)]
    assert folder.refined().keys() == {"old.py", "new.py"}
    assert folder.published == ["rows"]
    assert refiner.report(folder).rows == 2  # type: ignore[arg-type]


def test_a_text_is_asked_for_once_whoever_has_it_and_wherever_it_moves(make: Make) -> None:
    refiner, maker, folder = make()
    other = Folder(folder.root.parent / "q", f"{folder.index}-q", folder.rows)
    for one in (folder, other):
        one.write(a=CODE.format("a", 1), b=CODE.format("a", 1))
    work(refiner, maker, folder, other)
    assert maker.seen == [CODE.format("a", 1)]
    assert len(folder.refined()) == len(other.refined()) == 2
    (folder.root / "a.py").rename(folder.root / "moved.py")
    folder.writer.commit(folder.pipeline.run(["moved.py"]).upserts, ["a.py"])
    work(refiner, maker, folder, other)
    assert maker.seen == [CODE.format("a", 1)]
    assert folder.refined().keys() == {"moved.py", "b.py"}
    other.writer.close()


def test_what_does_not_fit_is_not_asked_for_again_and_is_counted(make: Make) -> None:
    refiner, maker, folder = make()
    folder.write(a=CODE.format("a", 1))
    settle(refiner, folder)
    maker.refuse()
    settle(refiner, folder)
    folder.write(b=CODE.format("a", 1), c=CODE.format("c", 1))
    work(refiner, maker, folder)
    assert maker.seen == [CODE.format("a", 1), CODE.format("c", 1)]
    assert refiner.report(folder).unfit == 1  # type: ignore[arg-type]


def test_secrets_stay_here_and_are_counted_until_they_are_gone(make: Make) -> None:
    refiner, maker, folder = make()
    folder.write(a="key = 'AKIA" + "IOSFODNN7ABCDEFG'", b=CODE.format("b", 1))
    work(refiner, maker, folder)
    assert maker.seen == [CODE.format("b", 1)]
    assert refiner.report(folder).held_back == 1  # type: ignore[arg-type]
    folder.write(a="key = None\n")
    work(refiner, maker, folder)
    assert refiner.report(folder).held_back == 0  # type: ignore[arg-type]


def test_no_more_than_there_is_room_for_is_under_way(make: Make) -> None:
    refiner, maker, folder = make()
    maker.limit = 2
    folder.write(**{f"f{number}": CODE.format("f", number) for number in range(7)})
    settle(refiner, folder)
    assert len(maker.held) == 2
    work(refiner, maker, folder)
    assert sorted(maker.seen) == sorted(CODE.format("f", number) for number in range(7))


def test_nothing_is_sent_before_the_whole_is_known_and_agreed_to(make: Make) -> None:
    dear = Spending("p:m", usd=1e6, own=False)
    refiner, maker, folder = make(dear, state="indexing")
    folder.write(a=CODE.format("a", 1))
    settle(refiner, folder)
    assert not refiner.awaits_consent(folder), "the whole is not known yet"  # type: ignore[arg-type]
    folder.state = "ready"
    settle(refiner, folder)
    assert maker.seen == []
    assert refiner.awaits_consent(folder)  # type: ignore[arg-type]
    estimate = refiner.report(folder).estimate  # type: ignore[arg-type]
    assert estimate is not None
    assert estimate.chunks == 1
    assert estimate.usd == pytest.approx(estimate.tokens)
    folder.spec.consent = "p:another"
    settle(refiner, folder)
    assert maker.seen == [], "another model was agreed to"
    folder.spec.consent = "p:m"
    work(refiner, maker, folder)
    assert maker.seen == [CODE.format("a", 1)]
    assert not refiner.awaits_consent(folder)  # type: ignore[arg-type]
    assert refiner.report(folder).estimate is None  # type: ignore[arg-type]


def test_a_little_needs_no_consent_but_many_little_things_do(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending, "SMALL_TOKENS", 1_000)
    refiner, maker, folder = make(Spending("p:m", usd=None, own=False))
    folder.write(a=CODE.format("a", 1))
    work(refiner, maker, folder)
    assert len(maker.seen) == 1
    text = "".join(f"value_{number} = {number}\n" for number in range(150))
    folder.write(b=text)
    work(refiner, maker, folder)
    sent = len(maker.seen)
    assert sent > 1
    folder.write(c=text.replace("value", "other"))
    settle(refiner, folder)
    assert len(maker.seen) == sent, "together they are more than a little"
    assert refiner.awaits_consent(folder)  # type: ignore[arg-type]


def test_another_model_takes_over_when_it_is_whole_and_the_way_back_is_free(make: Make) -> None:
    refiner, maker, folder = make()
    folder.write(a=CODE.format("a", 1), b=CODE.format("b", 2))
    work(refiner, maker, folder)
    first = folder.rows.model
    folder.writer.close()
    refiner, maker, folder = make(model="n")
    assert set(folder.refined().values()) == {first}
    settle(refiner, folder)
    maker.answer(1)
    settle(refiner, folder)
    assert set(folder.refined().values()) == {first}, "half of it does not answer"
    told = refiner.report(folder)  # type: ignore[arg-type]
    assert (told.model, told.next, told.next_rows) == ("p:m@3", "p:n@3", 1)
    maker.answer()
    settle(refiner, folder)
    assert set(folder.refined().values()) == {folder.rows.model} != {first}
    assert folder.published == ["switch"]
    folder.writer.close()
    refiner, maker, folder = make()
    settle(refiner, folder)
    assert maker.seen == []
    assert set(folder.refined().values()) == {first}


def test_killed_half_way_it_goes_on_with_what_is_left(make: Make) -> None:
    refiner, maker, folder = make()
    folder.write(a=CODE.format("a", 1), b=CODE.format("b", 2))
    settle(refiner, folder)
    maker.answer(1)
    refiner._collect()  # the rows are in the cache; nobody published them
    (left,) = maker.held
    folder.writer.close()
    refiner, maker, folder = make()
    work(refiner, maker, folder)
    assert maker.seen == [left.text]
    assert len(folder.refined()) == 2


def test_rows_that_a_full_disk_refuses_are_kept_until_there_is_room(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refine, "CACHE_RETRY_S", 0.0)
    refiner, maker, folder = make()
    folder.write(one=CODE.format("one", 1))
    settle(refiner, folder)
    maker.answer()

    def full(name: str, path: str, _parts: object) -> None:
        if path.endswith(".sqlite"):
            raise OSError(errno.ENOSPC, "No space left on device", path)

    with hooked(full):
        assert refiner.step(folder) == (False, None)  # type: ignore[arg-type]
    problem = refiner.problem()
    assert problem is not None
    assert "No space left" in problem.message
    assert "make room" in problem.hint
    assert folder.refined() == {}
    settle(refiner, folder)
    assert refiner.problem() is None
    assert folder.refined().keys() == {"one.py"}
    assert len(maker.seen) == 1, "it is not made again"


def test_a_cache_that_is_damaged_meanwhile_is_mended_and_what_is_lost_made_again(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refine, "CACHE_RETRY_S", 0.0)
    refiner, maker, folder = make()
    folder.write(**{f"f{number}": CODE.format(f"f{number}", number) for number in range(400)})
    work(refiner, maker, folder)
    path = Path(refiner.rows.cache.path)
    refiner.rows.cache._database.execute("pragma wal_checkpoint(truncate)")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xa5" * (len(data) - len(data) // 2)
    path.write_bytes(data)
    refiner.rows.cache._database.execute("pragma cache_size = 0")
    folder.write(new=CODE.format("new", 1))
    for _ in range(2):
        work(refiner, maker, folder)
    assert path.with_name(path.name + ".damaged").exists()
    assert refiner.problem() is None
    assert len(folder.refined()) == 401
