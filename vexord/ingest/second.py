"""From what was chosen to a refiner: a provider's, a local second model's, or none."""

import logging
from collections.abc import Callable

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.default import second_embedder
from vexord.embed.kept import Kept
from vexord.ingest.idle import IdleMaker
from vexord.ingest.refine import Refiner
from vexord.ingest.rows import KeptRows

logger = logging.getLogger(__name__)


def open_refiner(
    chosen: Embedding, folder: str, chunk_format: int, wake: Callable[[], None]
) -> Refiner | None:
    """Return who makes the rows of the model that was chosen; None if the embedded one is to do alone.

    `folder` is that of the caches. If the model cannot be used the server tells the user, and there is none.

    Raises:
        OSError, sqlite3.Error: the cache of its rows cannot be opened.
    """
    try:
        if chosen.is_remote:
            return _remote(chosen, folder, wake)
        embedder = second_embedder(chosen, chunk_format)
        if embedder is None:
            return None
        kept = Kept(fingerprint=embedder.fingerprint, key="embed_hash", chosen=chosen)
        return Refiner(KeptRows(folder, kept), IdleMaker(embedder, wake))
    except ModelError as error:
        logger.warning("there is no second model: %s", error)
        return None


def _remote(chosen: Embedding, folder: str, wake: Callable[[], None]) -> Refiner:
    # An event loop, prices and all that: not for who stays offline.
    from vexord.embed.remote.choose import remote_fingerprint
    from vexord.ingest.remote import RemoteMaker
    from vexord.ingest.spending import Spending

    kept = Kept(fingerprint=remote_fingerprint(chosen), key="text_hash", chosen=chosen)
    return Refiner(KeptRows(folder, kept), RemoteMaker(kept, folder, wake), Spending.of(chosen))
