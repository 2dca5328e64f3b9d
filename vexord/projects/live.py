"""The choices in effect while the daemon runs: read again when their file changes."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

from vexor_protocol.configuration import FILE_NAME
from vexor_protocol.keys import key_file

from vexord.projects.choices import Choices, ConfigError
from vexord.projects.registry import Registry
from vexord.projects.settings import Settings
from vexord.stamps import Stamp, stamp

logger = logging.getLogger(__name__)


class LiveChoices:
    """What was chosen. A bad edit keeps what held before, and `problem` says so. Not thread-safe."""

    def __init__(self, config_dir: str) -> None:
        """Read the choices.

        Raises:
            ConfigError: there is something wrong with them, and nothing from before that could hold.
        """
        self._file = os.path.join(config_dir, FILE_NAME)
        self.problem: ConfigError | None = None
        """What is wrong with the file as it is now."""
        self._stamp = stamp(self._file)
        self.choices = Choices.load(config_dir)
        self._key_stamp = self._look_at_key()

    def refresh(self) -> bool:
        """Read the file again if it is another one by now; return whether other choices hold."""
        seen = stamp(self._file)
        if seen == self._stamp:
            return False
        self._stamp = seen
        before = self.choices
        try:
            self.choices = Choices.load(os.path.dirname(self._file))
        except ConfigError as error:
            logger.warning("settings not taken, those from before hold: %s", error.message)
            self.problem = error
            return False
        self.problem = None
        logger.info("settings read again changed=%s", self.choices != before)
        return self.choices != before

    def key_changed(self) -> bool:
        """Whether the file with the provider's key is another one than at the last call."""
        before, self._key_stamp = self._key_stamp, self._look_at_key()
        return self._key_stamp != before

    def _look_at_key(self) -> Stamp:
        return stamp(key_file(self.choices.embedding.provider, os.path.dirname(self._file)))


@dataclass(frozen=True, slots=True)
class Opened:
    """All that the daemon reads before anything starts."""

    settings: Settings
    registry: Registry
    live: LiveChoices
    unclean_ends: Sequence[str] = ()
    """When earlier daemons were started that ended without being told to."""
