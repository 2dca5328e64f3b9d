"""The line that a hit shows first."""

from hypothesis import given
from hypothesis import strategies as st

from vexord.search.hits import focus

WORDS = st.lists(st.sampled_from(["bind", "socket", "bindsocket", "x", " "]), max_size=5).map(" ".join)


@given(
    lines=st.lists(WORDS, min_size=1, max_size=12),
    terms=st.lists(st.sampled_from(["bind", "socket", "x", "y"])),
)
def test_the_focus_is_the_first_line_with_most_terms(lines: list[str], terms: list[str]) -> None:
    held = [sum(term in line for term in dict.fromkeys(terms)) for line in lines]
    assert focus("\n".join(lines), tuple(dict.fromkeys(terms))) == held.index(max(held))
