"""The files of the embedded model: read and checked here, written by `training/model`.

`rows.npy` int8 (rows, dimensions) and `weights.npy` float32 (2, rows) are mapped, so processes share them;
`words.txt` says what the rows stand for; `model.json` names the model and has the checksums of the files.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import xxhash
from numpy.typing import NDArray

from vexord.embed.tokens import Tokens, Vocabulary

FORMAT = 1
FOLDER = Path(__file__).parent / "model"
ROWS, WEIGHTS, WORDS, DESCRIPTION = "rows.npy", "weights.npy", "words.txt", "model.json"
_SAMPLE = (
    "net/http/server.go Server ServeHTTP\n"
    "func (s *Server) parseURLs2(max_retries int) // réessayer, größe, 検索する; unknownish withobject 404"
)
_MEND = "pip install --force-reinstall vexord"


class ModelError(Exception):
    """The model's files are missing or damaged; the message names the mend."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What `model.json` says."""

    format: int
    name: str
    """Names the trained weights: other weights have another name."""
    dimensions: int
    words: int
    buckets: int
    probe: str
    """What `probe` said when the rows were trained."""
    checksums: dict[str, str]
    """File → xxh3_64 of its bytes in hex."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """An opened model."""

    description: Description
    vocabulary: Vocabulary
    rows: NDArray[np.int8]
    """Shape (rows, dimensions), mapped."""
    query_weights: NDArray[np.float32]
    """One scalar a row, the row's scale folded in, for the words of queries …"""
    chunk_weights: NDArray[np.float32]
    """… and for those of chunks."""


def read(folder: Path = FOLDER) -> Artefact:
    """Open a model.

    Raises:
        ModelError: a file is missing, damaged or of another version.
    """
    try:
        description = msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Description)
        if description.format != FORMAT:
            raise ModelError(f"{folder} has model format {description.format}, not {FORMAT}: {_MEND}")
        for name in (ROWS, WEIGHTS, WORDS):
            if checksum(folder / name) != description.checksums.get(name):
                raise ModelError(f"{folder / name} is damaged (its checksum differs): {_MEND}")
        return _opened(folder, description)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise ModelError(f"the embedded model in {folder} cannot be read ({error}): {_MEND}") from error


def _opened(folder: Path, description: Description) -> Artefact:
    words = (folder / WORDS).read_text("utf-8").split("\n")
    vocabulary = Vocabulary(words, description.buckets)
    # Plain arrays over the maps: look-ups in the class that NumPy has for maps cost more.
    rows = np.asarray(np.load(folder / ROWS, mmap_mode="r"))
    weights = np.asarray(np.load(folder / WEIGHTS, mmap_mode="r"))
    if rows.shape != (len(vocabulary), description.dimensions) or weights.shape != (2, len(vocabulary)):
        raise ModelError(f"the files in {folder} do not belong together: {_MEND}")
    return Artefact(description, vocabulary, rows, weights[0], weights[1])


def write(
    folder: Path, name: str, vocabulary: Vocabulary, rows: NDArray[np.int8], weights: NDArray[np.float32]
) -> None:
    """Write a model, in the same bytes for the same arguments. `weights`: shape (2, rows), queries first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / WORDS).write_text("\n".join(vocabulary.words), "utf-8")
    np.save(folder / ROWS, rows)
    np.save(folder / WEIGHTS, weights)
    checksums = {file: checksum(folder / file) for file in (ROWS, WEIGHTS, WORDS)}
    identity = xxhash.xxh3_64_hexdigest("".join(checksums.values()).encode())[:8]
    description = Description(
        format=FORMAT,
        name=f"{name}-{identity}",
        dimensions=rows.shape[1],
        words=len(vocabulary.words),
        buckets=vocabulary.buckets,
        probe=probe(vocabulary),
        checksums=checksums,
    )
    (folder / DESCRIPTION).write_bytes(
        msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n"
    )


def checksum(path: Path) -> str:
    """Return xxh3_64 of a file's bytes in hex."""
    return xxhash.xxh3_64_hexdigest(path.read_bytes())


def probe(vocabulary: Vocabulary) -> str:
    """Return a hash of how a sample is cut into rows: rows trained under another cut are of no use."""
    tokens = Tokens(vocabulary)
    cut = sorted(tokens.chunk(_SAMPLE).items()), sorted(tokens.query(_SAMPLE).items())
    return xxhash.xxh3_64_hexdigest(repr(cut).encode())
