"""Side file of stat stamps that changed while the content did not. Losing it costs only a re-read."""

import logging
import os

import msgspec

from vexord.index.errors import IndexCorruptError
from vexord.index.sealed import read_sealed, write_sealed
from vexord.index.types import FileStamp

logger = logging.getLogger(__name__)

STAMPS_NAME = "stamps.json"


class TouchedFile(msgspec.Struct, frozen=True, array_like=True):
    """A newer stamp of a file of a segment."""

    file_id: int
    stamp: FileStamp
    checked_ns: int


class Stamps(msgspec.Struct, frozen=True):
    """Newer stamps by segment name: a segment never changes, so a stamp cannot meet another content."""

    segments: dict[str, list[TouchedFile]]


def read_stamps(folder: str) -> Stamps:
    """Return the side file of an index, empty if there is none or it is damaged.

    Raises:
        FutureFormatError: written by a newer version.
    """
    try:
        return read_sealed(os.path.join(folder, STAMPS_NAME), Stamps)
    except FileNotFoundError:
        return Stamps({})
    except IndexCorruptError as error:
        logger.warning("stamps dropped, their files will be read again: %s", error)
        return Stamps({})


def write_stamps(folder: str, stamps: Stamps) -> None:
    """Replace the side file."""
    write_sealed(os.path.join(folder, STAMPS_NAME), stamps)
