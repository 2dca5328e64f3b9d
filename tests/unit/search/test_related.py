"""Code like that at a place."""

from pathlib import Path

import pytest
from searchable import Searchable
from vexor_protocol.errors import INVALID_PARAMS, NOT_INDEXED, ErrorKind, ProtocolError
from vexor_protocol.messages import Filters, QueryResult

from vexord.search.engine import SearchOptions

RETRY = '''
def retry_with_backoff(call, attempts):
    """Call again after a growing pause until it succeeds."""
    pause = 0.1
    for attempt in range(attempts):
        try:
            return call()
        except ConnectionError:
            sleep(pause)
            pause *= 2
    raise TimeoutError("no attempt succeeded")
'''
PARSE = '''
def parse_header(line):
    """Split a header line of a message into name and value."""
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError("no colon in the header")
    return name.strip().lower(), value.strip()
'''
RETRY_JS = """
// Call again with a growing pause until the connection succeeds.
export async function retryWithBackoff(call, attempts) {
  let pause = 100;
  for (let attempt = 0; attempt < attempts; attempt++) {
    try { return await call(); } catch (error) { await sleep(pause); pause *= 2; }
  }
}
"""
FILES: dict[str, str | bytes] = {
    "net.py": RETRY.lstrip() + "\n" + PARSE,
    "web/retry.js": RETRY_JS.lstrip(),
    "web/header.js": "// Split a header line into name and value.\nexport function parseHeader(line) {}\n",
    "cart.py": "def total(prices):\n    return sum(prices)\n",
    "logo.png": b"\x89PNG\0\0",
}


@pytest.fixture
def project(tmp_path: Path) -> Searchable:
    return Searchable(tmp_path, FILES)


def related(
    project: Searchable,
    path: str,
    line: int | None = None,
    other: Searchable | None = None,
    **filters: list[str],
) -> QueryResult:
    targets = [project.target()] + ([other.target()] if other else [])
    return project.engine.related(
        project.target(path), line, targets, SearchOptions(filters=Filters(**filters))
    )


@pytest.mark.parametrize(("line", "found"), [(1, "web/retry.js"), (5, "web/retry.js"), (16, "web/header.js")])
def test_the_definition_at_a_line_finds_its_like_in_another_language(
    project: Searchable, line: int, found: str
) -> None:
    answer = related(project, "net.py", line)
    assert answer.query == f"net.py:{line}"
    assert next(hit.path for hit in answer.hits if hit.path != "net.py") == found
    assert not any(hit.path == "net.py" and hit.start_line <= line <= hit.end_line for hit in answer.hits)


def test_a_file_as_a_whole_is_left_out_as_a_whole(project: Searchable) -> None:
    answer = related(project, "net.py")
    assert answer.query == "net.py"
    assert {hit.path for hit in answer.hits[:2]} == {"web/retry.js", "web/header.js"}
    assert "net.py" not in {hit.path for hit in answer.hits}


def test_a_blank_line_belongs_to_what_stands_before_it(project: Searchable) -> None:
    assert (project.root / "net.py").read_text().split("\n")[11] == ""
    assert related(project, "net.py", 12).hits[0].path == "web/retry.js"


def test_other_projects_are_searched_and_filters_hold(project: Searchable, tmp_path: Path) -> None:
    again = "package again\n\n// Call again after a growing pause.\nfunc Retry() {}\n"
    other = Searchable(tmp_path / "other", {"again.go": again})
    hits = related(project, "net.py", 1, other).hits
    assert {"web/retry.js", "again.go"} <= {hit.path for hit in hits}
    assert [hit.path for hit in related(project, "net.py", 1, other, languages=["go"]).hits] == ["again.go"]


def test_a_copy_in_another_file_is_the_first_hit(project: Searchable) -> None:
    project.add({"copy/net.py": FILES["net.py"]})
    assert related(project, "net.py", 3).hits[0].path == "copy/net.py"


@pytest.mark.parametrize(
    ("path", "line", "kind", "words"),
    [
        ("nowhere.py", None, NOT_INDEXED, "is not in the index"),
        ("web", None, NOT_INDEXED, "is not in the index"),
        ("logo.png", None, NOT_INDEXED, "by its name only"),
        ("cart.py", 99, INVALID_PARAMS, "up to line 2"),
    ],
)
def test_a_place_that_is_not_there_is_named(
    project: Searchable, path: str, line: int | None, kind: ErrorKind, words: str
) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        related(project, path, line)
    assert caught.value.kind is kind
    assert caught.value.hint


def test_a_file_that_was_removed_is_not_a_place(project: Searchable) -> None:
    project.add({}, removed=["cart.py"])
    with pytest.raises(ProtocolError, match="is not in the index"):
        related(project, "cart.py", 1)
