"""`python -m training.model --shards DIR`: from mined shards to the files that the daemon reads."""

import argparse
import resource
import sys
import time
from pathlib import Path

import platformdirs

from training.model import examples, vocabulary
from training.model.export import export
from training.model.initial import initial_rows
from training.model.judge import Judge
from training.model.recipe import Recipe
from training.model.teacher import Teacher
from training.model.train import Trainer, data_of, start
from training.model.validate import Validation
from vexord.embed.artefact import FOLDER, read
from vexord.embed.static import StaticEmbedder

NAME = "vexord-code"


def main() -> int:
    """Train one model as the recipe says, write it, and print how it does on what it has not seen."""
    options = _options()
    began = time.process_time()
    recipe = Recipe()
    corpus = examples.read(options.shards)
    words = vocabulary.choose(corpus.training, recipe)
    data = data_of(corpus.training, words)
    _say(began, f"{len(corpus.training)} examples, {len(words.words)} words")
    options.cache.mkdir(parents=True, exist_ok=True)
    taught = Teacher(options.cache).embed(words.words)
    _say(began, "the teacher has read the words")
    parameters = start(data, words, initial_rows(data.chunks, taught, len(words), recipe))
    Trainer(data, corpus.training, recipe).run(parameters)
    export(options.out, NAME, words, parameters)
    _say(began, f"{read(options.out).description.name} lies in {options.out}")
    for group, score in Validation.of(corpus.held_out, words).score(parameters).items():
        print(f"  held out, NDCG@10: {group:40s} {score:.3f}")
    if options.judge:
        embedder = StaticEmbedder(0, options.out)
        print(Judge(*options.judge).judge(embedder).table())
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.model", description=__doc__)
    parser.add_argument("--shards", type=Path, required=True, help="folder that training.corpus wrote")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the model's files")
    parser.add_argument(
        "--cache", type=Path, default=platformdirs.user_cache_path("vexord-training"), help="of the teacher"
    )
    parser.add_argument(
        "--judge", type=Path, nargs=2, metavar=("CORPORA", "QUERIES"), help="also judge on a set of queries"
    )
    return parser.parse_args()


def _say(began: float, message: str) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{time.process_time() - began:6.0f} s CPU, {peak:.1f} GB: {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
