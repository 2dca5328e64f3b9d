"""The query language on the command line, answered by the real daemon."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.trees import make_tree
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import vexorctl

FILES = {
    "src/config.py": "def parse_config(path):\n    '''Read the configuration file.'''\n    return path\n",
    "src/retry.py": "def retry(call):\n    # connection reset by peer\n    return call()\n",
    "src/retry.go": "package retry\n\n// Retry calls after a connection reset by peer.\nfunc Retry() {}\n",
    "tests/test_config.py": "from src.config import parse_config\n\n\ndef test():\n    parse_config('x')\n",
}


class Shell:
    """Runs `vexorctl` in a project that the daemon serves."""

    def __init__(self, xdg: Xdg, root: Path) -> None:
        self._xdg = xdg
        self.root = root

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        return vexorctl(self._xdg, *arguments, cwd=self.root, env={"NO_COLOR": "1", "COLUMNS": "80"})

    def paths(self, *arguments: str) -> list[str]:
        done = self.run("search", "--json", "--fresh", "10000", *arguments)
        assert done.returncode in (0, 1), done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line["path"] for line in lines if line["type"] == "hit"]


@pytest.fixture
def shell(daemon: StartDaemon, xdg: Xdg) -> Shell:
    root = make_tree(xdg.home / "project", FILES)
    daemon().add(root)
    return Shell(xdg, root)


def test_operators_and_their_opposites(shell: Shell) -> None:
    assert shell.paths('"reset by peer"') == ["src/retry.go", "src/retry.py"]
    assert shell.paths('"reset by peer" lang:go') == ["src/retry.go"]
    assert shell.paths('calls "reset by peer" -path:*.py') == ["src/retry.go"]
    assert shell.paths("/parse_\\w+\\(/ -path:tests") == ["src/config.py"]
    assert shell.paths("-F", "parse_config('x')") == ["tests/test_config.py"]
    assert shell.paths('"nowhere" configuration file') == []
    assert shell.paths("--text", '"nowhere" configuration file')[0] == "src/config.py"


def test_an_edit_is_in_the_next_answer_of_a_phrase(shell: Shell) -> None:
    for number in range(5):
        (shell.root / "src/new.py").write_text(f"x = 'brand new phrase {number}'\n")
        assert shell.paths(f'"new phrase {number}"') == ["src/new.py"]
        assert shell.paths(f'"new phrase {number - 1}"') == []


def test_a_mistake_is_named_with_its_mend(shell: Shell) -> None:
    done = shell.run("search", "/a(b/")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"bad regular expression /a(b/: missing ): a(b" in done.stderr
    assert b"--text" in done.stderr


def test_nothing_found_says_how_the_query_was_read(shell: Shell) -> None:
    done = shell.run("search", 'how "no such words"')
    assert done.returncode == 1
    assert b'the text "no such words"' in done.stderr


def test_a_misspelt_name_is_found_and_the_answer_says_so(shell: Shell) -> None:
    done = shell.run("search", "--fresh", "10000", "parse_confg")
    assert done.stdout.startswith(b"src/config.py:1  parse_config")
    assert b'nothing is called "parse_confg" here; these hits are for parse_config\n' in done.stderr
    assert shell.run("search", "parse_config").stderr == b""


def test_related_code_is_found_from_a_place(shell: Shell, daemon: StartDaemon) -> None:
    def related(*arguments: str) -> list[str]:
        done = shell.run("related", "--json", "--fresh", "10000", *arguments)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        return [line["path"] for line in lines if line["type"] == "hit"]

    assert related("src/retry.py:2")[0] == "src/retry.go"
    assert "src/retry.py" not in related("src/retry.py")
    assert related("src/retry.py:2:5", "--all", "-l", "go") == ["src/retry.go"]
    (shell.root / "src/again.py").write_text(FILES["src/retry.py"])
    assert related("src/again.py:1")[0] == "src/retry.py"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("src/nowhere.py", b"there is no file src/nowhere.py"),
        ("src/retry.py:99", b"up to line 3, not 99"),
        ("src/retry.py:0", b"no file has a line 0"),
        (".env", b".env is not in the index"),
        ("/etc/hostname", b"no registered folder contains /etc/hostname"),
    ],
)
def test_a_place_that_cannot_be_used_is_named_with_a_hint(shell: Shell, place: str, words: bytes) -> None:
    (shell.root / ".env").write_text("SECRET=1\n")
    done = shell.run("related", "--fresh", "10000", place)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert b"hint:" in done.stderr


def test_explained_hits_fit_80_columns(shell: Shell) -> None:
    out = shell.run("search", "--explain", "parse_config").stdout.decode()
    assert "words" in out and "score" in out
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
