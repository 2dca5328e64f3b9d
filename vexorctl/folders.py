"""The folders that client and daemon share, with where each comes from."""

import os
from dataclasses import dataclass

import platformdirs
from vexor_protocol.locations import runtime_dir

from vexorctl.errors import ClientError

APPLICATION = "vexord"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder and its origin: the variable that sets it, or `default`."""

    name: str
    path: str
    origin: str
    holds: str


def shared_folders() -> list[Folder]:
    """Return every folder of the daemon that this environment would start."""
    return [
        Folder("runtime", runtime_dir(), _origin("XDG_RUNTIME_DIR"), "socket, lock"),
        Folder("cache", platformdirs.user_cache_dir(APPLICATION), _origin("XDG_CACHE_HOME"), "indexes"),
        Folder(
            "state", platformdirs.user_state_dir(APPLICATION), _origin("XDG_STATE_HOME"), "list of folders"
        ),
        Folder("log", platformdirs.user_log_dir(APPLICATION), _origin("XDG_STATE_HOME"), "log files"),
        Folder("data", platformdirs.user_data_dir(APPLICATION), _origin("XDG_DATA_HOME"), "embeddings kept"),
        Folder("config", platformdirs.user_config_dir(APPLICATION), _origin("XDG_CONFIG_HOME"), "settings"),
    ]


def config_dir() -> str:
    """Return the folder of `config.toml`."""
    return platformdirs.user_config_dir(APPLICATION)


def working_folder() -> str:
    """Return the folder in which the command was given.

    Raises:
        ClientError: it does not exist any more.
    """
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise ClientError("the working folder does not exist any more", "cd to one that does") from None


def log_file() -> str:
    """Return the path of the log of a daemon that runs neither in a terminal nor under systemd."""
    return os.path.join(platformdirs.user_log_dir(APPLICATION), "vexord.log")


def _origin(variable: str) -> str:
    return f"${variable}" if os.environ.get(variable, "").strip() else "default"
