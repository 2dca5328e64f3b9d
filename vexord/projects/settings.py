"""Where the daemon keeps its things: one folder for each XDG role, created for the user alone."""

import dataclasses
import os
from dataclasses import dataclass

import platformdirs

from vexord import files

APPLICATION = "vexord"


@dataclass(frozen=True, slots=True)
class Settings:
    """Absolute folders of this daemon. Two sets of XDG variables give two independent daemons."""

    cache_dir: str
    """Indexes: may be deleted at any time, and is then built again."""
    state_dir: str
    """What cannot be built again: the registered folders."""
    config_dir: str
    """What the user wrote."""
    data_dir: str
    """What was costly to make, by money or time: embeddings. Kept when the indexes go."""
    log_dir: str

    @classmethod
    def load(cls) -> "Settings":
        """Read the folders from the environment and create the missing ones with mode 0700.

        Raises:
            OSError: a folder cannot be created; `filename` names it.
        """
        settings = cls(
            cache_dir=platformdirs.user_cache_dir(APPLICATION),
            state_dir=platformdirs.user_state_dir(APPLICATION),
            config_dir=platformdirs.user_config_dir(APPLICATION),
            data_dir=platformdirs.user_data_dir(APPLICATION),
            log_dir=platformdirs.user_log_dir(APPLICATION),
        )
        for folder in dataclasses.astuple(settings):
            files.make_dir(folder)
        return settings

    @property
    def registry_file(self) -> str:
        """Path of the file that lists the registered folders."""
        return os.path.join(self.state_dir, "projects.json")

    @property
    def history_file(self) -> str:
        """Path of the file that lists the last starts."""
        return os.path.join(self.state_dir, "starts.json")

    @property
    def embeddings_dir(self) -> str:
        """Folder of the embedding caches, one file for each model."""
        return os.path.join(self.data_dir, "embeddings")

    @property
    def log_file(self) -> str:
        """Path of the log of a daemon that has neither terminal nor journal."""
        return os.path.join(self.log_dir, "vexord.log")
