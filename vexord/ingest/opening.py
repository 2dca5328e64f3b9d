"""Opens a project's index, unless doing so has ended the indexer time and again."""

from vexord import __version__
from vexord.embed.seam import Fingerprint
from vexord.index.errors import IndexStoreError
from vexord.index.writer import IndexWriter
from vexord.ingest.aids import Aids
from vexord.ingest.deaths import MAX_DEATHS, Deaths

_OPENING = "open"


def open_index(folder: str, fingerprint: Fingerprint, aids: Aids) -> tuple[Deaths, IndexWriter]:
    """Return what is to be let alone in a project, and the writer of its index.

    Raises:
        IndexStoreError: it is in use, of a newer version, or has ended the indexer `MAX_DEATHS` times.
        OSError: the folder cannot be used.
    """
    deaths = Deaths(folder, f"{__version__} {fingerprint}")
    try:
        if deaths.is_banned(_OPENING):
            raise IndexStoreError(f"the indexer ended {MAX_DEATHS} times while it was opened")
        with deaths.at_hand(_OPENING):
            rows = aids.refiner.rows if aids.refiner is not None else None
            return deaths, IndexWriter.open(folder, fingerprint, rows)
    except BaseException:
        deaths.close()
        raise
