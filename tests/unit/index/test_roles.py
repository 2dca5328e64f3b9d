"""What a path says of its file."""

import numpy as np
import pytest

from vexord.index.roles import ROLE_DTYPE, ROLES, path_facts


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
        ("include/cart.hpp", {"header"}),
    ],
)
def test_roles(path: str, flags: set[str]) -> None:
    facts = path_facts(path)
    assert facts.roles == flags
    assert facts.row()[0] == sum(1 << ROLES.index(flag) for flag in flags)


def test_names_and_versions() -> None:
    facts = path_facts("api/v2/userSettings.handlers.ts")
    assert facts.name_roots == ("user", "sett", "handl")
    assert facts.folder_roots == ("api", "v", "2")
    assert facts.plain_name == "usersettings"
    assert (facts.version_of, facts.version) == ("api/v", 2)
    assert facts.depth == 2


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        ".",
        ".gitignore",
        "a" * 5000,
        "a/" * 300,
        "v/" + "9" * 40 + "/x/v99999999999/y",
        "ü/ß.py",
        "x/\udcff.py",
    ],
)
def test_any_path_will_do(path: str) -> None:
    np.array([path_facts(path).row()], ROLE_DTYPE)
