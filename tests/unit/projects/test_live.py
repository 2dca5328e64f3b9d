"""The settings file, read again while the daemon runs."""

import os
from pathlib import Path

import pytest
from vexor_protocol.keys import key_file

from vexord.projects.choices import ConfigError
from vexord.projects.live import LiveChoices


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VEXORD_")]:
        monkeypatch.delenv(name)


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    live = LiveChoices(str(tmp_path))
    assert not live.refresh()
    (tmp_path / "config.toml").write_text('[index]\nmode = "full"\n')
    assert live.refresh()
    assert live.choices.mode().value == "full"
    assert not live.refresh()
    os.utime(tmp_path / "config.toml", ns=(1, 1))
    assert not live.refresh(), "nothing in it has changed"
    (tmp_path / "config.toml").unlink()
    assert live.refresh()
    assert live.choices.mode().value == "auto"


def test_a_bad_edit_keeps_what_held_and_is_told_until_it_is_mended(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[index]\nmode = "full"\n')
    live = LiveChoices(str(tmp_path))
    (tmp_path / "config.toml").write_text('[index]\nmode = "ful"\n')
    assert not live.refresh()
    assert live.choices.mode().value == "full"
    assert live.problem is not None
    assert live.problem.hint == "did you mean 'full'?"
    (tmp_path / "config.toml").write_text('[index]\nmode = "full" # again\n')
    assert not live.refresh()
    assert live.problem is None


def test_at_the_start_there_is_nothing_to_keep(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("mode = 1")
    with pytest.raises(ConfigError):
        LiveChoices(str(tmp_path))


def test_a_new_key_in_its_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[embedding]\nprovider = "voyage"\n')
    live = LiveChoices(str(tmp_path))
    assert not live.key_changed()
    path = Path(key_file("voyage", str(tmp_path)))
    path.parent.mkdir()
    path.write_text("k")
    assert live.key_changed()
    assert not live.key_changed()


def test_what_a_folder_was_registered_with_wins(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[index]\nmode = "full"\n')
    choices = LiveChoices(str(tmp_path)).choices
    assert choices.mode("head").value == "head"
    assert choices.mode("head").origin == "vexorctl add --mode"
