"""Entry of the indexer process: lowest priority, one channel to the server, no terminal."""

import argparse
import logging
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from functools import partial

import msgspec
import psutil
from vexor_protocol.health import Degraded
from vexor_protocol.locations import ensure_runtime_dir

from vexord import files
from vexord.embed.choice import Embedding
from vexord.embed.default import default_embedder
from vexord.index.embed_text import EMBED_TEXT_VERSION
from vexord.ingest.aids import Aids
from vexord.ingest.chunk import CHUNKER_VERSION
from vexord.ingest.crew import Crew
from vexord.ingest.indexer import Indexer
from vexord.ingest.refine import FAILED
from vexord.ingest.second import open_refiner
from vexord.link.channel import Channel
from vexord.link.messages import ToIndexer, ToServer
from vexord.loglines import log_to_stderr
from vexord.projects.settings import Settings

logger = logging.getLogger(__name__)

NICENESS = 10
"""The crew adds `crew.NICENESS`: bulk work gives way to edits, and both to searches."""
CHUNK_FORMAT = CHUNKER_VERSION * 1000 + EMBED_TEXT_VERSION
"""Vectors made under another chunker or another embedded text are not reused."""


def main() -> int:
    """Run the indexer on an inherited socket until the server goes."""
    parser = argparse.ArgumentParser(prog="vexord-indexer", description="Internal: started by vexord.")
    parser.add_argument("--channel-fd", type=int, required=True)
    parser.add_argument("--embedding", default="{}", help="`embed.choice.Embedding` as JSON")
    options = parser.parse_args()
    log_to_stderr()
    lower_priority()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then says Stop
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sock = socket.socket(fileno=options.channel_fd)
    channel: Channel[ToServer, ToIndexer] = Channel(sock, ToIndexer)
    aids = partial(_aids, msgspec.json.decode(options.embedding, type=Embedding))
    Indexer(channel, default_embedder(CHUNK_FORMAT), cookie_dir(), aids).run()
    return 0


def _aids(embedding: Embedding, wake: Callable[[], None]) -> Aids:
    """Make what the projects share; `wake` wakes the main loop."""
    crew = Crew(CHUNK_FORMAT, wake)
    folder = Settings.load().embeddings_dir
    try:
        return Aids(crew, open_refiner(embedding, folder, CHUNK_FORMAT, wake))
    except (OSError, sqlite3.Error) as error:
        logger.warning("there is no second model: %s", error)
        hint = f"make room or mend the rights of {folder}; then: vexorctl restart"
        return Aids(
            crew, None, Degraded(name=FAILED, message=f"its cache cannot be opened: {error}", hint=hint)
        )


def cookie_dir() -> str:
    """Create the private folder for barrier cookies, beside the socket and like it open to nobody else."""
    path = os.path.join(ensure_runtime_dir(), "cookies")
    files.make_dir(path)
    return path


def lower_priority() -> None:
    """Give way to everything else: a search must not feel that an index is being built."""
    os.nice(NICENESS)
    if sys.platform == "linux":
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)


if __name__ == "__main__":
    sys.exit(main())
