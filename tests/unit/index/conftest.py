"""An index folder and a writer for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from index_samples import Model

from vexord.index.refined import RowSource
from vexord.index.writer import IndexWriter


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "index")


@pytest.fixture
def open_writer(folder: str) -> Iterator[Callable[..., IndexWriter]]:
    """Opens writers on `folder`, the one before being closed; closes the last one."""
    opened: list[IndexWriter] = []

    def open_one(model: Model = Model(), second: RowSource | None = None) -> IndexWriter:  # noqa: B008 - immutable
        if opened:
            opened.pop().close()
        opened.append(IndexWriter.open(folder, model, second))
        return opened[-1]

    yield open_one
    for writer in opened:
        writer.close()
