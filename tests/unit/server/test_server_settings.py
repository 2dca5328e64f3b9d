"""Settings in a running server: what it tells of them, and how it takes on new ones."""

import os
from pathlib import Path

import pytest
from server_harness import Harness

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.link.messages import OpenProject, Stop


@pytest.fixture
def file(xdg: Xdg) -> Path:
    path = xdg.config / "vexord" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    return path


@pytest.fixture
def root(xdg: Xdg) -> Path:
    folder = xdg.home / "shop"
    folder.mkdir()
    return folder


def modes(harness: Harness) -> list[str]:
    """Return the mode of each message that opened a project."""
    return [message.spec.mode for message in harness.indexer.received if isinstance(message, OpenProject)]


def settings(harness: Harness) -> dict[str, tuple[object, str]]:
    told = harness.ask("status")["settings"]
    return {entry["name"]: (entry["value"], entry["origin"]) for entry in told}


def test_status_tells_every_setting_and_what_set_it(harness: Harness) -> None:
    assert settings(harness)["index.mode"] == ("auto", "default")
    assert settings(harness)["index.ignore"] == ([], "default")
    assert settings(harness)["embedding.dimensions"] == (0, "default")


def test_a_changed_mode_reaches_the_projects_that_go_by_it(
    harness: Harness, file: Path, xdg: Xdg, root: Path
) -> None:
    other = xdg.home / "other"
    other.mkdir()
    harness.ask("register", path=str(root))
    harness.ask("register", path=str(other), mode="name")
    wait_until(lambda: modes(harness) == ["auto", "name"])
    file.write_text('[index]\nmode = "full"\nignore = ["*.log"]\n')
    wait_until(lambda: modes(harness) == ["auto", "name", "full", "name"])
    spec = [message.spec for message in harness.indexer.received if isinstance(message, OpenProject)][-2]
    assert (spec.mode_origin, spec.ignore) == ("config.toml", ["*.log"])
    assert settings(harness)["index.mode"] == ("full", "config.toml")
    assert harness.embeddings == []


def test_registered_anew_with_another_mode_a_folder_takes_it(harness: Harness, root: Path) -> None:
    harness.ask("register", path=str(root))
    assert harness.ask("register", path=str(root), mode="brief")["created"] is False
    wait_until(lambda: modes(harness) == ["auto", "brief"])
    harness.ask("register", path=str(root))
    harness.ask("register", path=str(root), name="Shop")
    assert harness.registry.all()[0].mode == "brief"
    assert modes(harness) == ["auto", "brief"]


def test_a_bad_edit_is_told_and_changes_nothing(harness: Harness, file: Path) -> None:
    file.write_text('[index]\nmoed = "full"\n')
    wait_until(lambda: bool(harness.ask("status")["degraded"]))
    (entry,) = harness.ask("status")["degraded"]
    assert entry["name"] == "settings"
    assert "'moed'" in entry["message"]
    assert entry["hint"] == "did you mean 'mode'?"
    file.write_text('[index]\nmode = "full"\n')
    wait_until(lambda: not harness.ask("status")["degraded"])
    assert settings(harness)["index.mode"] == ("full", "config.toml")


def test_another_model_has_the_engine_told_and_the_indexer_started_anew(
    harness: Harness, file: Path, root: Path
) -> None:
    harness.ask("register", path=str(root))
    first = harness.indexer
    wait_until(lambda: modes(harness) == ["auto"])
    file.write_text('[embedding]\nmodel = "minilm"\n')
    wait_until(lambda: len(harness.indexers) == 2)
    wait_until(lambda: modes(harness) == ["auto"], what="the new indexer opens the project")
    wait_until(lambda: [embedding.model for embedding in harness.embeddings] == ["minilm"])
    assert first.exited.is_set()
    assert any(isinstance(message, Stop) for message in first.received), "it was asked, not killed"
    status = harness.ask("status")["indexer"]
    assert (status["restarts"], status["last_error"]) == (0, "")


def test_an_indexer_that_will_not_make_room_is_ended(harness: Harness, file: Path) -> None:
    harness.behaviour.ignores_stop = True
    first = harness.indexer
    file.write_text('[embedding]\nmodel = "minilm"\n')
    wait_until(lambda: len(harness.indexers) == 2, 20)
    assert first.killed
    harness.behaviour.ignores_stop = False


def test_a_projects_own_file_places_its_index(harness: Harness, root: Path, xdg: Xdg) -> None:
    (root / ".vexord.toml").write_text('[index]\nplace = "project"\n')
    strange = root / ".vexord" / "index" / "segments"
    strange.mkdir(parents=True)
    (strange / "from-elsewhere").write_text("x")
    harness.ask("register", path=str(root))
    wait_until((root / ".vexord" / "index" / "manifest.json").exists)
    assert not (strange / "from-elsewhere").exists(), "an index that came with the folder is not believed"
    assert os.listdir(xdg.cache / "vexord") in ([], ["projects"])
