"""From records to files that the daemon reads, on a corpus of a few made-up words."""

import random
from pathlib import Path

import numpy as np
import pytest

from training.model import examples, vocabulary
from training.model.bags import Bags
from training.model.examples import Record
from training.model.export import export
from training.model.initial import initial_rows
from training.model.recipe import Recipe
from training.model.train import Trainer, data_of, start
from training.model.validate import Validation, embed
from training.model.weights import Parameters
from vexord.embed.static import StaticEmbedder
from vexord.embed.tokens import Tokens, Vocabulary

RECIPE = Recipe(dimensions=16, words=200, buckets=16, steps=60, batch=64, run=16, warm_up=5)
THINGS = ["socket", "file", "thread", "parser", "cache", "token", "image", "table", "user", "queue"]
ACTS = [("open", "connect"), ("remove", "delete"), ("make", "create"), ("read", "load"), ("stop", "halt")]


def corpus() -> list[Record]:
    """Queries use one word of each pair, chunks the other: only training can join them."""
    rng = random.Random(5)
    found = []
    for number in range(400):
        thing, (asked, told) = rng.choice(THINGS), rng.choice(ACTS)
        package = "abcd"[number % 4]
        code = f"def {told}_{thing}(x{number}):\n    return {told}({thing})"
        held_out = number % 10 == 0
        record = Record(
            package, "python", f"{number}.py", "doc", f"{asked} the {thing}", code, held_out=held_out
        )
        found.append(record)
    return found


def trained(recipe: Recipe) -> tuple[Vocabulary, Parameters, list[Record]]:
    held_out = [record for record in corpus() if record.held_out]
    training = [record for record in corpus() if not record.held_out]
    words = vocabulary.choose(training, recipe)
    data = data_of(training, words)
    taught = np.random.default_rng(1).standard_normal((len(words.words), 24)).astype(np.float32)
    parameters = start(data, words, initial_rows(data.chunks, taught, len(words), recipe))
    Trainer(data, training, recipe).run(parameters, report=lambda _: None)
    return words, parameters, held_out


def test_training_joins_what_asks_with_what_answers(tmp_path: Path) -> None:
    words, parameters, held_out = trained(RECIPE)
    untrained = trained(Recipe(**{**vars_of(RECIPE), "steps": 0}))[1]
    validation = Validation.of(held_out, words)
    assert validation.score(parameters)["mean"] > validation.score(untrained)["mean"] + 0.1


def vars_of(recipe: Recipe) -> dict[str, object]:
    return {name: getattr(recipe, name) for name in recipe.__dataclass_fields__}


def test_the_same_recipe_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        words, parameters, _ = trained(RECIPE)
        export(tmp_path / folder, "test", words, parameters)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_the_exported_model_embeds_as_the_trained_one(tmp_path: Path) -> None:
    words, parameters, held_out = trained(RECIPE)
    export(tmp_path / "model", "test", words, parameters)
    embedder, tokens = StaticEmbedder(1, tmp_path / "model"), Tokens(words)
    text = examples.chunk_text(held_out[0])
    for exported, counts, logs in (
        (embedder.embed_chunks([text]), tokens.chunk(text), parameters.chunk),
        (embedder.embed_query("remove the file"), tokens.query("remove the file"), parameters.query),
    ):
        ids = np.fromiter(counts, np.int32)
        weights = 1 + np.log(np.fromiter(counts.values(), np.float32))
        exact = embed(Bags(np.array([0, len(ids)]), ids, weights), parameters.rows, logs)[0]
        given = exported[0].astype(np.float32)
        assert float(exact @ given / np.linalg.norm(given)) > 0.999


def test_words_of_one_package_get_no_row() -> None:
    everywhere = [Record(package, "python", "x.py", "doc", "common word", "x = 1") for package in "ab"]
    words = vocabulary.choose([*everywhere, Record("a", "python", "x.py", "doc", "private", "y = 2")], RECIPE)
    assert {"common", "word"} <= set(words.words)
    assert "private" not in words.words


def test_no_shards_is_said_with_the_mend(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python -m training.corpus --out"):
        examples.read(tmp_path)
