"""The glue around the referee: evidence, keys of questions, halves, recipes, the baseline's file."""

from pathlib import Path
from typing import Any

from benchmarks.quality.corpora import QuestionSet, Recipe, choose
from benchmarks.quality.referee import Place, evidence, key
from benchmarks.quality.report import load_baseline, save_baseline
from benchmarks.quality.second.question import Question, Target


class FakeReferee:
    """Paths are the same if they are equal; nothing else is asked of it here."""

    def evaluate(self, queries: object, results: object, k: int, dedupe: bool) -> list[dict[str, Any]]:
        raise NotImplementedError

    def bootstrap(self, rows: object, metric: str = "ndcg") -> list[float]:
        raise NotImplementedError

    def same_path(self, a: str, b: str) -> bool:
        return a == b


def question(repo: str, query: str, *targets: Target, language: str = "go") -> Question:
    return Question(repo, language, query, "error", list(targets))


def test_evidence_counts_overlap_and_half_at_the_first_and_at_any_place() -> None:
    asked = [question("r", "q", Target("a", 10, 19)), question("r", "whole file", Target("a"))]
    results = {"r": {"q": [Place("a", 1, 10), Place("a", 15, 40)]}}
    found = evidence(FakeReferee(), asked, results)
    assert (found.asked, found.first_overlaps, found.first_holds) == (1, 1.0, 0.0)
    assert (found.any_overlaps, found.any_holds) == (1.0, 1.0)


def test_no_answer_is_no_evidence() -> None:
    found = evidence(FakeReferee(), [question("r", "q", Target("a", 1, 2))], {})
    assert (found.asked, found.any_overlaps) == (1, 0.0)


def test_keys_tell_questions_apart_and_do_not_tell_them() -> None:
    one = {"repo": "r", "category": "error", "query": "where"}
    assert key(one) == key(dict(one)) != key({**one, "query": "here"})
    assert "where" not in key(one)


def test_halves_are_whole_repositories_and_make_up_the_set() -> None:
    repos = {"a": "go", "b": "go", "c": "lua", "d": "lua", "e": "c"}
    asked = [
        question(repo, str(number), language=language)
        for repo, language in repos.items()
        for number in (1, 2)
    ]
    whole = QuestionSet("s", asked, {repo: Path(repo) for repo in repos})
    left, right = whole.part("a"), whole.part("b")
    assert left.roots.keys() | right.roots.keys() == repos.keys()
    assert not left.roots.keys() & right.roots.keys()
    assert len(left.questions) + len(right.questions) == len(asked)
    assert (
        {one.language for one in left.questions} >= {"go", "lua"} <= {one.language for one in right.questions}
    )


def test_a_recipe_keeps_and_renames() -> None:
    recipe = Recipe("npm", "p", "1", keep="*/lib/", put="src/")
    members = [("p-1/lib/a.js", b"1"), ("p-1/test/b.js", b"2")]
    assert list(choose(members, recipe)) == [("src/a.js", b"1")]


def test_the_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    scores = {"dev": {"00": (0.5, 1.0)}, "second": {"01": (0.25, 0.0)}}
    path = tmp_path / "baseline.json"
    save_baseline(path, scores)
    assert load_baseline(path) == scores
    assert load_baseline(tmp_path / "none") == {}
