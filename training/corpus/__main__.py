"""`python -m training.corpus --out DIR`: fetches the pinned packages and writes one shard for each."""

import argparse
import gzip
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import platformdirs

from training.corpus.fetch import FetchError, fetch, prepare_apt
from training.corpus.mine import Record, mine
from training.corpus.sources import Source, read

_PROCESSES = 2


def main() -> int:
    """Write shards and `stats.json`; 1 if a package cannot be had."""
    options = _options()
    options.out.mkdir(parents=True, exist_ok=True)
    sources = read()
    try:
        if any(source.manager.startswith("debian") for source in sources):
            prepare_apt(options.cache)
        archives = [fetch(source, options.cache) for source in sources]
    except FetchError as error:
        print(f"training.corpus: {error}", file=sys.stderr)
        return 1
    counts: Counter[tuple[str, str, str]] = Counter()
    with ProcessPoolExecutor(_PROCESSES) as workers:
        for found in workers.map(partial(_shard, out=options.out), sources, archives):
            counts.update(found)
    stats = {
        field: dict(sorted(_by(counts, number).items()))
        for number, field in enumerate(("package", "language", "source"))
    }
    (options.out / "stats.json").write_bytes(msgspec.json.format(msgspec.json.encode(stats), indent=1))
    print(f"{counts.total()} records of {len(sources)} packages lie in {options.out}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.corpus", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the shards")
    parser.add_argument(
        "--cache", type=Path, default=platformdirs.user_cache_path("vexord-training"), help="of the archives"
    )
    return parser.parse_args()


def _shard(source: Source, archive: Path, *, out: Path) -> Counter[tuple[str, str, str]]:
    records = mine(source, archive)
    encoder = msgspec.json.Encoder()
    # A fixed mtime: the same records give the same bytes.
    with (
        (out / f"{source.name}.jsonl.gz").open("wb") as raw,
        gzip.GzipFile("", "wb", 3, raw, mtime=0) as shard,
    ):
        shard.writelines(encoder.encode(record) + b"\n" for record in records)
    return Counter(map(_key, records))


def _key(record: Record) -> tuple[str, str, str]:
    return record.package, record.language, record.source


def _by(counts: Counter[tuple[str, str, str]], field: int) -> Counter[str]:
    sums: Counter[str] = Counter()
    for key, count in counts.items():
        sums[key[field]] += count
    return sums


if __name__ == "__main__":
    sys.exit(main())
