"""What is an operator in a query, and above all what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.search.syntax import TextCondition, describe, read_query

UNTOUCHED = [
    "where do we bind the socket",
    "std::vec",
    "std::filesystem path formatting",
    "path::join kind::Foo lang::x file::y",
    "a/b/c",
    "/path/like/this",
    "/tmp/",
    "/usr/local/bin/",
    "/api/v1.2/users/",
    "/* a C comment */",
    "/** a longer one **/",
    "// a line comment",
    "a / b and c / d (e)",
    "foo -> bar",
    "x - y",
    "exit code -1",
    "ls -l",
    "run it with --verbose",
    "-",
    "--",
    "-test",
    "-some -words -alone",
    'an "unbalanced quote',
    'operator"" _s',
    '"" empty',
    '" "',
    'say"hello"',
    '{"key": 1}',
    '"key": value',
    "http://x/y?z=1 file://etc/passwd",
    "path: with a space",
    "kind: Deployment",
    "re: your question",
    "foo:bar TODO:fix",
    "Path:x",
    "  kept   as it is\t",
    "",
    "???",
]
PHRASE = [
    ('"bind socket"', "bind socket"),
    ('"with \\" inside"', 'with " inside'),
    ('"C:\\dir"', "C:\\dir"),
    ('"a\\"', "a\\"),
    ('"path:x"', "path:x"),
]
REGEX = [
    (r"/def \w+_socket\(/", r"def \w+_socket\(", False),
    ("/todo/i", "todo", True),
    (r"/a\/b+/", r"a\/b+", False),
    ("/[/]x/", "[/]x", False),
    ("re:todo", "todo", False),
    ('re:"two words"', "two words", False),
    ("re:/tmp/", "tmp", False),
    ("re:/tmp/i", "tmp", True),
]


@pytest.mark.parametrize("text", UNTOUCHED)
def test_what_only_looks_like_an_operator_comes_through_unchanged(text: str) -> None:
    asked = read_query(text)
    assert asked.prose == text
    assert not asked.has_operators


@pytest.mark.parametrize(("text", "phrase"), PHRASE)
def test_a_quoted_phrase_is_wanted_as_it_stands(text: str, phrase: str) -> None:
    for query, prose in ((text, ""), (f"how does {text} work", "how does work"), (f"is it {text}?", "is it")):
        asked = read_query(query)
        assert [condition.pattern for condition in asked.wanted] == [phrase]
        assert asked.prose == prose


def test_capitals_in_a_phrase_make_its_case_count() -> None:
    wanted = read_query('"lower case" "Upper Case"').wanted
    assert [condition.ignore_case for condition in wanted] == [True, False]


@pytest.mark.parametrize(("text", "pattern", "ignore_case"), REGEX)
def test_a_regular_expression(text: str, pattern: str, ignore_case: bool) -> None:
    asked = read_query(f"before {text} after")
    assert asked.wanted == [TextCondition(pattern, is_regex=True, ignore_case=ignore_case)]
    assert asked.prose == "before after"
    assert read_query(f"x -{text}").unwanted == asked.wanted


def test_a_refused_word_between_slashes_is_no_path() -> None:
    assert read_query("x -/tmp/").unwanted == [TextCondition("tmp", is_regex=True)]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("path:src/**/*.py", ["src/**/*.py"]),
        ("file:server", ["**/*server*"]),
        ("path:src/", ["**/*src/"]),
        ("path:/src", ["/src"]),
        ('path:"a b"', ["**/*a b*"]),
        ("path:!odd*", ["\\!odd*"]),
        ("path:a path:b", ["**/*a*", "**/*b*"]),
    ],
)
def test_paths_are_globs_or_stand_anywhere(text: str, paths: list[str]) -> None:
    assert read_query(text).filters.paths == paths
    refused = read_query(" ".join(f"-{word}" for word in ([text] if '"' in text else text.split())))
    assert refused.filters.exclude == paths


def test_languages_and_kinds_have_short_names_and_alternatives() -> None:
    asked = read_query("socket lang:py,Go kind:fn -lang:c++ -kind:section -kind:text")
    assert (asked.filters.languages, asked.filters.kinds) == (["python", "go"], ["function"])
    refused = asked.unwanted_filters
    assert (refused.languages, refused.kinds) == (["cpp"], ["section", "text"])
    assert asked.prose == "socket"


def test_negated_words_need_something_that_is_wanted() -> None:
    assert read_query("socket -test -mock_server").unwanted_words == ["test", "mock_server"]
    assert read_query("path:src -test").unwanted_words == ["test"]
    assert read_query('-test -"a phrase"').unwanted_words == ["test"]


def test_other_syntaxes() -> None:
    text = ' "a" /b+/ path:c -dd '
    assert read_query(text, "text").prose == text
    assert read_query(text, "literal").wanted == [TextCondition(text, ignore_case=True)]
    assert read_query("  ", "literal").prose == "  "


def test_a_query_can_be_told_as_it_was_read() -> None:
    told = describe(read_query('how "A b" -/x+/ -foo path:src -path:test lang:go -kind:class'))
    assert told == (
        'the meaning of "how", the text "A b", without /x+/, without the word "foo", '
        "path **/*src*, language go, not path **/*test*, not kind class"
    )


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='-"/:'))


@given(WORDS)
def test_a_text_without_signs_of_operators_is_prose(text: str) -> None:
    asked = read_query(text)
    assert asked.prose == text
    assert not asked.has_operators


PIECES = st.sampled_from(
    ['"', "-", "/", ":", "\\", " ", "path", "re", "kind", "lang", "a", "B+", "[", "(", "*", "é", "\n", "."]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text())
def test_reading_never_fails_and_loses_no_plain_word(text: str) -> None:
    asked = read_query(text)
    if not asked.has_operators:
        assert asked.prose == text
    assert set(asked.prose.split()) <= set(text.split())
    describe(asked)
    if asked.prose:
        again = read_query(asked.prose, "text")
        assert not again.has_operators
