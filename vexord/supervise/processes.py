"""Starts the indexer process: one end of a socket pair in, its stderr into our log."""

import contextlib
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO

import msgspec
import psutil

from vexord.embed.choice import Embedding

_RUN = "from vexord.ingest.__main__ import main; raise SystemExit(main())"
"""In place of `-m`: each process of its crew would import a main module again, with all that it needs."""
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""The indexer multiplies nothing large, and its crew has a process for each core: threads would only spin."""
_LINE_BYTES = 16_384
_INDEXER_LINE = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL) (\S+) (.*)")


class IndexerProcess:
    """A running indexer. `sock` is our end of its channel; when we close it, or die, the indexer ends."""

    def __init__(self, process: "subprocess.Popen[bytes]", sock: socket.socket) -> None:
        self._process = process
        self.sock = sock
        self.pid = process.pid

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while it runs."""
        return self._process.poll()

    def cpu_s(self) -> float:
        """Return the seconds of CPU that it has had; 0 once it has ended."""
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it now."""
        self._process.kill()


class IndexerStart:
    """Starts indexers one after the other; the first one ahead of time, so that it imports while we do."""

    def __init__(self, embedding: Callable[[], Embedding]) -> None:
        """`embedding` returns what is chosen when an indexer is started."""
        self._embedding = embedding
        self._first: IndexerProcess | None = None
        with contextlib.suppress(OSError):  # who asks for it gets the error
            self._first = spawn_indexer(embedding())

    def __call__(self) -> IndexerProcess:
        """Return a running indexer.

        Raises:
            OSError: no process, descriptor or memory is left.
        """
        first, self._first = self._first, None
        return first if first is not None else spawn_indexer(self._embedding())


def spawn_indexer(embedding: Embedding) -> IndexerProcess:
    """Start an indexer with this interpreter and environment.

    Raises:
        OSError: no process, descriptor or memory is left.
    """
    ours, theirs = socket.socketpair()
    chosen = msgspec.json.encode(embedding).decode()
    command = [sys.executable, "-P", "-X", "faulthandler", "-c", _RUN]
    try:
        process = subprocess.Popen(
            [*command, "--channel-fd", str(theirs.fileno()), "--embedding", chosen],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**_ENVIRONMENT, **os.environ},
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    assert process.stderr is not None  # noqa: S101 - PIPE was asked for
    relay = threading.Thread(target=relay_lines, args=(process.stderr,), name="indexer-log", daemon=True)
    relay.start()
    return IndexerProcess(process, ours)


def relay_lines(stream: IO[bytes]) -> None:
    """Log each line that the indexer writes. One without a level is the interpreter's own word, a warning at
    least, or goes on with the error before it.
    """
    level, name = logging.WARNING, "vexord.ingest"
    with stream:
        while line := stream.readline(_LINE_BYTES):
            text = line.decode("utf-8", "backslashreplace").rstrip("\n")
            match = _INDEXER_LINE.match(text)
            if match is not None:
                level, name, text = logging.getLevelNamesMapping()[match[1]], match[2], match[3]
                if not name.startswith("vexord."):  # of a library; the indexer has reduced it to its place
                    name = f"vexord.ingest.{name}"
            else:
                level = max(level, logging.WARNING)
            logging.getLogger(name).log(level, "%s", text)
