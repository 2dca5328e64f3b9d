"""What is read out of a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vexord.search.query import parse_query


@pytest.mark.parametrize(
    ("text", "is_symbol", "identifiers"),
    [
        ("where do we bind the socket", False, set()),
        ("bind_socket", True, {"bind_socket"}),
        ("QuerySet.filter()", True, {"queryset", "filter"}),
        ("std::vec::Vec", True, {"std", "vec"}),
        ("who calls parseHeader in the server", False, {"parseheader"}),
        ("how is MAX_BYTES used", False, {"max_bytes"}),
        ("The first word is a capital", False, set()),
        ("", False, set()),
        ("???", False, set()),
    ],
)
def test_symbols_and_identifiers(text: str, is_symbol: bool, identifiers: set[str]) -> None:
    query = parse_query(text)
    assert (query.is_symbol, set(query.identifiers)) == (is_symbol, identifiers)


def test_a_name_is_known_with_its_parts() -> None:
    query = parse_query("where is bind_socket called")
    assert query.names == (("bind_socket", ("bind", "socket")),)
    assert set(query.terms) == {"bind_socket", "bind", "socket", "called"}


def test_a_part_that_is_also_a_word_of_the_query_is_not_held_for_a_part() -> None:
    assert parse_query("socket of bind_socket").names == (("bind_socket", ("bind",)),)


@given(st.text(alphabet="_a.:() Bc1$-", max_size=12))
def test_any_text_is_a_query(text: str) -> None:
    query = parse_query(text)
    assert all(query.identifiers)
    assert query.is_symbol or not query.last_name
