"""Every kind of step of the writers' road, once each: the process dies there, or the disk fails."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.soak.crash_registry import RegistryTrial
from tests.soak.crash_writer import IndexTrial, Material

Fault = tuple[str, Callable[[], list[str]]]
SHM = Path("/dev/shm")


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: what is tried here ends no power."""
    folder = Path(tempfile.mkdtemp(prefix="vx-", dir=SHM if SHM.is_dir() else tmp_path))
    yield folder / "index"
    shutil.rmtree(folder)


def wrong(faults: Iterable[Fault]) -> list[str]:
    return [f"{name}: {line}" for name, call in faults for line in call()]


def kinds(faults: Iterable[Fault]) -> list[Fault]:
    """One fault of each kind: what happens, at which step, of which file."""
    return list({re.sub(r"\d+|\b[0-9a-f]{8}\b", "", name): (name, call) for name, call in faults}.values())


def test_an_index_is_at_one_state_or_the_next_whatever_step_fails(fast: Path) -> None:
    faults = kinds(IndexTrial(fast, 7, Material()).faults())
    assert len(faults) > 60
    assert wrong(faults) == []


def test_registrations_survive_death_failure_and_power_loss_at_every_step(fast: Path) -> None:
    faults = list(RegistryTrial(fast).faults())
    assert len(faults) > 150
    assert wrong(faults) == []
