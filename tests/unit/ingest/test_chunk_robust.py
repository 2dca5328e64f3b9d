import gc
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ingest.chunk_checks import check_chunks
from vexord.ingest.chunk import Limits, chunk_file, failures
from vexord.ingest.chunk.parsers import parse
from vexord.ingest.chunk.specs import SPECS
from vexord.ingest.languages import language_of

SAMPLES = Path(__file__).parents[2] / "data" / "chunk"
LIMITS = [Limits(), Limits(target=200, maximum=800), Limits(target=20, maximum=50)]
TEXTS = {path.name: path.read_text() for path in sorted(SAMPLES.iterdir()) if path.suffix != ".json"}
LANGUAGES = [*sorted(SPECS), "markdown", "rst", "text"]


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from(list("ab_ \t\r\n\0{}()[];:,.#*=-`'\"/\\<>é漢😀\u2028\xa0\x1c")), max_size=300),
    st.sampled_from(LANGUAGES),
    st.sampled_from(LIMITS),
)
def test_any_text_is_covered_exactly(text: str, language: str, limits: Limits) -> None:
    check_chunks(text, chunk_file("x", text, language, limits), limits.maximum)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.data(), st.sampled_from(LIMITS))
def test_damaged_code_is_covered_exactly(name: str, data: st.DataObject, limits: Limits) -> None:
    text = TEXTS[name]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    text = (
        text[:start]
        + data.draw(st.sampled_from(["", "{", ")", '"', "é\0", "\r\n\n", "end", "/*"]))
        + text[end:]
    )
    chunks = chunk_file(name, text, language_of(name, b""), limits)
    check_chunks(text, chunks, limits.maximum)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(TEXTS)), st.sampled_from(LANGUAGES))
def test_code_under_a_wrong_name_is_covered_exactly(name: str, language: str) -> None:
    check_chunks(TEXTS[name], chunk_file("x", TEXTS[name], language))


@pytest.mark.parametrize("unit", ["var a=1;", "x", "漢字😀", "word "])
def test_two_megabytes_on_one_line_become_many_chunks_quickly(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    began = time.process_time()
    chunks = chunk_file("bundle.min.js", text, "javascript")
    assert time.process_time() - began < 5
    check_chunks(text, chunks)
    assert 2_000_000 // 1_500 <= len(chunks) <= 2_000_000 // 1_000
    assert {(chunk.start_line, chunk.end_line) for chunk in chunks} == {(1, 1)}


def test_a_long_line_is_cut_between_words() -> None:
    text = " ".join(f"identifier{i:06}" for i in range(2_000))
    found = [word for chunk in chunk_file("a.txt", text, "text") for word in chunk.text.split()]
    assert found == text.split()


@pytest.mark.parametrize("language", ["python", "javascript", "c", "json", "rust", "haskell", "sql", "cpp"])
@pytest.mark.parametrize("bracket", ["[", "(", "{"])
def test_ten_thousand_open_brackets_are_survived(bracket: str, language: str) -> None:
    text = "x = " + bracket * 10_000 + "1\n"
    check_chunks(text, chunk_file("x", text, language))


def test_deeply_nested_functions_are_survived() -> None:
    text = "".join(f"{' ' * (depth % 40)}function f{depth}() {{\n" for depth in range(3_000)) + "}" * 3_000
    check_chunks(text, chunk_file("a.js", text, "javascript"))


def test_balanced_deep_nesting_is_survived() -> None:
    text = "x = " + "[" * 10_000 + "]" * 10_000 + "\n"
    check_chunks(text, chunk_file("a.py", text, "python"))


def test_a_large_generated_file_is_cut_by_lines() -> None:
    text = "def f():\n    return 1\n\n" * 50_000
    began = time.process_time()
    chunks = chunk_file("big.py", text, "python")
    assert time.process_time() - began < 5
    check_chunks(text, chunks)
    assert {chunk.kind for chunk in chunks} == {"block"}


def test_a_parse_that_takes_too_long_gives_no_tree_and_is_counted() -> None:
    before = failures["python"]
    data = b"x = [1, 2, 3]\n" * 20_000
    assert parse("python", data, limit_s=0.0) is None
    assert failures["python"] == before + 1
    tree = parse("python", b"x = 1\n")
    assert tree is not None
    assert tree.root_node.end_byte == 6


def test_a_missing_grammar_is_counted_and_does_not_raise() -> None:
    before = failures["no-such-grammar"]
    assert parse("no-such-grammar", b"x") is None
    assert failures["no-such-grammar"] == before + 1


@pytest.mark.parametrize("language", sorted(SPECS))
def test_every_grammar_loads(language: str) -> None:
    assert parse(SPECS[language].grammar, b"\n") is not None


def test_parsing_leaves_no_memory_behind() -> None:
    """The bindings keep what a read returned; in an indexer that lives for weeks that would be every edit."""
    data = b"def function(argument):\n    return argument + 1\n\n\n" * 1_000

    def held_after(times: int) -> int:
        for _ in range(times):
            assert parse("python", data) is not None
        assert parse("python", data, limit_s=-1.0) is None  # given up half way
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = held_after(3)
        assert held_after(20) - before < len(data)
    finally:
        tracemalloc.stop()
