"""After any mix of changes, each wanted folder is watched under its present path and nothing else is."""

import os
import random
import shutil
import sys
from pathlib import Path

import pytest
from test_watch_support import Rig, kernel_watches, rig

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify")


@pytest.mark.parametrize("seed", range(4))
def test_watches_match_the_disk_after_random_changes(tmp_path: Path, seed: int) -> None:
    roots = [tmp_path / "r", tmp_path / "r2", tmp_path / "r/inner"]
    for folder in (tmp_path / "outside", *roots):
        folder.mkdir(exist_ok=True)
    choose = random.Random(seed)
    with rig(tmp_path / "private") as made:
        for root in roots:
            made.add(root, "pruned")
        for _ in range(200):
            _change(made, tmp_path, roots, choose)
        made.settle()
        made.seen.events.clear()
        expected = _probe_every_folder(tmp_path, roots)
        made.settle()
        assert {(e.root, e.rel) for root in roots for e in made.seen.dirty(root)} == expected
        assert [made.seen.doubts(root) for root in roots] == [[], [], []]
        wanted = {os.path.dirname(f"{root}/{rel}") for root, rel in expected}
        assert kernel_watches() == made.watcher.watches == len(wanted) + 1


def _folders(base: Path) -> list[Path]:
    return [Path(at) for top in ("r", "r2", "outside") for at, _, _ in os.walk(base / top)]


def _change(made: Rig, base: Path, roots: list[Path], choose: random.Random) -> None:
    folders = _folders(base)
    folder, dice = choose.choice(folders), choose.random()
    keeps_roots = folder != base / "outside" and not any(root.is_relative_to(folder) for root in roots)
    target = choose.choice(folders) / choose.choice("abcdefg")
    if dice < 0.5:
        (target / choose.choice(["x", "y", "pruned"])).mkdir(parents=True, exist_ok=True)
    elif dice < 0.8 and keeps_roots and not target.is_relative_to(folder) and not target.exists():
        folder.rename(target)
    elif dice < 0.9 and keeps_roots:
        shutil.rmtree(folder)
    elif dice < 0.95:
        made.watcher.rewatch(str(choose.choice(roots)), "")


def _probe_every_folder(base: Path, roots: list[Path]) -> set[tuple[str, str]]:
    expected = set()
    for number, folder in enumerate(_folders(base)):
        probe = folder / f"probe{number}"
        probe.symlink_to("nowhere")
        for root in roots:
            if probe.is_relative_to(root) and "pruned" not in probe.relative_to(root).parts:
                expected.add((str(root), str(probe.relative_to(root))))
    return expected
