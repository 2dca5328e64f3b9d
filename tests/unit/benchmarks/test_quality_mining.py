"""The miner's rules: what becomes a question, and that the lines of its answer are right."""

import tomllib
from pathlib import Path

import pytest

from benchmarks.quality.second import changes, errors, symbols
from benchmarks.quality.second.corpus import Corpus, is_changes, is_main
from benchmarks.quality.second.docstrings import first_sentence
from benchmarks.quality.second.mine import mine, repositories
from benchmarks.quality.second.syntax import outline

PYTHON = '''class Pool:
    def grow(self, count):
        """Add so many workers to the pool.

        More text.
        """
        for _ in range(count):
            self.workers.append(1)
        return self.workers

    def shrink(self, count):
        if count > 3:
            raise ValueError(f"cannot take away more than three workers, not {count}")
        self.workers.pop()
'''


def test_a_docstring_is_cut_out_and_the_lines_are_those_of_the_cut_file() -> None:
    corpus = Corpus({"src/pool.py": PYTHON})
    found = [one for one in mine(corpus, {}, "pool", "python") if one.category == "docstring"]
    assert [one.query for one in found] == ["Add so many workers to the pool"]
    text = corpus.files["src/pool.py"]
    assert "Add so many" not in text
    target = found[0].relevant[0]
    assert target.start and target.end
    shown = text.split("\n")[target.start - 1 : target.end]
    assert shown[0] == "    def grow(self, count):" and shown[-1] == "        return self.workers"


def test_a_docstring_that_is_also_elsewhere_is_no_question() -> None:
    corpus = Corpus({"src/pool.py": PYTHON, "docs/pool.md": "Add so many workers to the *pool*."})
    assert not [one for one in mine(corpus, {}, "pool", "python") if one.category == "docstring"]


@pytest.mark.parametrize(
    ("lines", "name", "expected"),
    [
        (["// Grow adds workers until the pool is full."], "Grow", "adds workers until the pool is full"),
        (
            ["/**", " * Waits until all {@link Worker}s have ended.", " */"],
            "join",
            "Waits until all Workers have ended",
        ),
        (["# Calls grow_pool with the default number of workers."], "grow_pool", ""),
        (["// Too short."], "f", ""),
        (["/* Copyright of the people who wrote all this code */"], "f", ""),
    ],
)
def test_first_sentence(lines: list[str], name: str, expected: str) -> None:
    assert first_sentence(lines, name) == expected


def test_an_error_is_answered_by_the_function_that_raises_it() -> None:
    corpus = Corpus({"src/pool.py": PYTHON})
    (found,) = errors.questions(corpus, "pool", "python")
    assert "cannot take away more than three workers, not" in found.query
    assert (found.relevant[0].start, found.relevant[0].end) == (11, 14)


def test_an_error_that_two_places_raise_is_no_question() -> None:
    corpus = Corpus({"src/pool.py": PYTHON, "src/copy.py": PYTHON})
    assert not list(errors.questions(corpus, "pool", "python"))


def test_a_symbol_needs_one_definition_and_other_files_that_use_it() -> None:
    uses = {f"tests/test_{number}.py": "pool.shrink(1)\n" for number in range(3)}
    found = list(symbols.questions(Corpus({"src/pool.py": PYTHON, **uses}), "pool", "python"))
    assert [(one.query, one.relevant[0].start) for one in found] == [("shrink", 11)]
    twice = Corpus({"src/pool.py": PYTHON, "src/copy.py": PYTHON, **uses})
    assert not list(symbols.questions(twice, "pool", "python"))


def test_entries_of_change_logs() -> None:
    gnu = "2020-01-01  A B  <a@b>\n\n\t* src/pool.c (grow, shrink): Do not wait\n\tfor idle workers.\n"
    assert list(changes.entries(gnu)) == [
        (["src/pool.c"], ["grow", "shrink"], "Do not wait for idle workers.")
    ]
    (listed,) = changes.entries("## 1.0\n\n- Fix a leak in `Pool.grow()` (#12)\n")
    assert listed == ([], ["grow"], "Fix a leak in `Pool.grow()` (#12)")


def test_a_change_is_answered_by_the_file_that_defines_what_it_names() -> None:
    corpus = Corpus({"src/pool.py": PYTHON})
    log = "- `Pool` no longer waits for idle workers before it grows\n"
    log += "- `Pool` of version 2 released to the public now\n"
    found = list(changes.questions(corpus, {"CHANGES.md": log}, "pool", "python"))
    assert [one.relevant[0].path for one in found] == ["src/pool.py"]
    assert "no longer waits for idle workers" in found[0].query


def test_paths() -> None:
    assert (
        is_changes("ChangeLog")
        and is_changes("docs/changelog/12.md")
        and not is_changes("src/changes_feed.py")
    )
    assert is_main("src/pool.py") and not is_main("tests/pool.py") and not is_main("src/pool_test.go")


def test_definitions_have_their_parents_and_whole_lines() -> None:
    found = outline("a.cpp", "template <class T>\nvoid Pool::grow(int n)\n{\n}\n")
    assert found
    assert [(one.parent, one.name, one.start, one.end) for one in found.definitions] == [
        ("Pool", "grow", 1, 4)
    ]


def test_the_second_set_shares_no_repository_with_the_training_data() -> None:
    sources = Path(__file__).parents[3] / "training" / "sources.toml"
    if not sources.exists():
        pytest.skip("the model's training data is not listed here")
    trained = {source["package"].lower() for source in tomllib.loads(sources.read_text())["source"]}
    ours = {one.package.lower() for one in repositories().values()} | set(repositories())
    assert not ours & trained
