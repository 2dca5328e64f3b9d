"""What a path says of its file."""

import pytest

from vexord.search.paths import path_facts

FLAGS = ("test", "example", "document", "vendored", "platform")


@pytest.mark.parametrize(
    ("path", "flags"),
    [
        ("src/server/listen.py", set()),
        ("tests/test_listen.py", {"test"}),
        ("pkg/cart_test.go", {"test"}),
        ("src/test/java/CartTest.java", {"test"}),
        ("web/cart.spec.ts", {"test"}),
        ("src/contest.py", set()),
        ("src/latest/attest.py", set()),
        ("examples/hello/main.go", {"example"}),
        ("docs/guide.md", {"example", "document"}),
        ("README.md", {"document"}),
        ("CHANGELOG", {"document"}),
        ("src/history.py", set()),
        ("third_party/zlib/inflate.c", {"vendored"}),
        ("api/user_pb2.py", {"vendored"}),
        ("static/jquery.min.js", {"vendored"}),
        ("src/win32/pipe.c", {"platform"}),
        ("src/window.py", set()),
        ("darwin.py", {"platform"}),
    ],
)
def test_roles(path: str, flags: set[str]) -> None:
    facts = path_facts(path)
    assert {flag for flag in FLAGS if getattr(facts, flag)} == flags


def test_names_and_versions() -> None:
    facts = path_facts("api/v2/userSettings.handlers.ts")
    assert facts.name_roots == ("user", "sett", "handl")
    assert facts.folder_roots == ("api", "v", "2")
    assert facts.plain_name == "usersettings"
    assert facts.versions == (("api/v", 2),)
    assert facts.depth == pytest.approx(0.4)


@pytest.mark.parametrize("path", ["", "/", ".", ".gitignore", "a" * 5000, "ü/ß.py", "x/\udcff.py"])
def test_any_path_will_do(path: str) -> None:
    assert path_facts(path).depth >= 0
