"""`python -m training.corpus.shingles CORPORA`: writes anew the hashes of what must not be learnt from."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from training.corpus.exclude import SHINGLES, shingles
from vexord.ingest.extract import extract


def main() -> int:
    """Hash every text file of a folder of corpora."""
    hashes = shingles(_texts(Path(sys.argv[1])))
    np.save(SHINGLES, hashes)
    print(f"{len(hashes)} hashes lie in {SHINGLES}")
    return 0


def _texts(folder: Path) -> Iterator[str]:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield extract(file.name, file.read_bytes()).text


if __name__ == "__main__":
    sys.exit(main())
