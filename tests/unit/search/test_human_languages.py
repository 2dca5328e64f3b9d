"""Questions in other languages than English are answered at least as well as by words alone."""

from pathlib import Path

import pytest
from language_samples import SAMPLES, sample_files
from searchable import Searchable

from vexord.search import engine
from vexord.search.engine import Engine
from vexord.search.query import parse_query


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Searchable:
    package = Path(engine.__file__).parents[1]
    code = {f"src/{path.name}": path.read_text() for path in package.glob("index/*.py")}
    return Searchable(tmp_path_factory.mktemp("languages"), sample_files() | code)


def reciprocal_ranks(project: Searchable, language: str) -> float:
    places = [project.paths(query).index(f"{language}/{name}.py") for name, _, query in SAMPLES[language]]
    return sum(1 / (place + 1) for place in places) / len(places)


@pytest.mark.parametrize("language", SAMPLES)
def test_meaning_does_not_spoil_what_words_find(
    project: Searchable, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = reciprocal_ranks(project, language)
    monkeypatch.setattr(Engine, "_vectors", lambda *_: (None, ""))
    words = reciprocal_ranks(project, language)
    assert both >= words
    assert both > 0.9


@pytest.mark.parametrize(
    "query",
    [
        "Wo wird IndexWriter benutzt?",
        "où est utilisée la classe IndexWriter",
        "¿dónde se usa IndexWriter?",
        "где используется IndexWriter",
        "在哪里使用IndexWriter",
        "IndexWriterはどこで使われる",
        "IndexWriter가 쓰이는 곳",
    ],
)
def test_a_name_in_a_foreign_sentence_finds_its_definition(project: Searchable, query: str) -> None:
    assert project.paths(query)[0] == "src/writer.py"
    assert "indexwriter" in parse_query(query).identifiers


@pytest.mark.parametrize(
    "query", ["在哪里检查配置文件的键", "設定ファイルのキーはどこで確認される", "비밀번호암호화"]
)
def test_a_sentence_without_spaces_is_no_symbol(project: Searchable, query: str) -> None:
    assert not parse_query(query).is_symbol
    assert project.answer(query).corrected == []
