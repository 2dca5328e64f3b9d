"""The private folder whose short-lived files mark a place in the stream of events."""

import itertools
import logging
import os
import threading
from pathlib import Path

log = logging.getLogger(__name__)

_PREFIX = "cookie-"


class CookieFolder:
    """Makes and removes cookie files in `path` (mode 0700) and turns their names into tokens, each once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._numbers = itertools.count(1)
        self._waiting: set[int] = set()
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Make the folder and clear what a killed process left. Raises OSError."""
        folder = Path(self.path)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for left in folder.glob(_PREFIX + "*"):
            left.unlink(missing_ok=True)

    def next_token(self) -> int:
        """A token not yet used."""
        with self._lock:
            return next(self._numbers)

    def drop(self, token: int) -> None:
        """Make the token's file and remove it at once. Raises OSError, also when the folder is gone."""
        file = str(Path(self.path) / f"{_PREFIX}{os.getpid()}-{token}")
        with self._lock:
            self._waiting.add(token)
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            Path(file).unlink()
        except OSError:
            with self._lock:
                self._waiting.discard(token)
            raise

    def seen(self, name: str) -> int | None:
        """The token of the file `name`, None if it is no cookie that still waits."""
        mine, _, number = name.removeprefix(_PREFIX).partition("-")
        if mine != str(os.getpid()) or not number.isascii() or not number.isdigit():
            return None
        with self._lock:
            token = int(number)
            if token not in self._waiting:
                return None
            self._waiting.discard(token)
            return token

    def waiting(self) -> set[int]:
        """The tokens sent and not yet seen."""
        with self._lock:
            return set(self._waiting)

    def give_up(self, tokens: set[int]) -> list[int]:
        """Those of `tokens` that still wait, in order; they wait no longer."""
        with self._lock:
            lost = sorted(self._waiting & tokens)
            self._waiting.difference_update(lost)
            return lost
