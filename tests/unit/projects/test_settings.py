"""The folders follow the XDG variables and are the user's alone."""

import os
import stat

from tests.support.xdg import Xdg
from vexord.projects.settings import Settings


def test_every_folder_follows_its_variable_and_is_private(xdg: Xdg) -> None:
    before = os.umask(0)
    try:
        settings = Settings.load()
    finally:
        os.umask(before)
    assert settings.cache_dir == str(xdg.cache / "vexord")
    assert settings.state_dir == str(xdg.state / "vexord")
    assert settings.config_dir == str(xdg.config / "vexord")
    assert settings.embeddings_dir == str(xdg.base / "data" / "vexord" / "embeddings")
    assert settings.log_file == str(xdg.state / "vexord" / "log" / "vexord.log")
    assert settings.registry_file == str(xdg.state / "vexord" / "projects.json")
    folders = (
        settings.cache_dir,
        settings.state_dir,
        settings.config_dir,
        settings.data_dir,
        settings.log_dir,
    )
    for folder in folders:
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
