"""No module but `vexord.files` changes files itself, so that the crash tests reach every step."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import vexord

PACKAGE = Path(vexord.__file__).parent
CHANGING = {
    "os": {
        "chmod", "fdatasync", "fsync", "ftruncate", "link", "makedirs", "mkdir", "mkfifo", "pwrite", "remove",
        "removedirs", "rename", "renames", "replace", "rmdir", "symlink", "truncate", "unlink", "utime",
        "writev", "O_CREAT", "O_RDWR", "O_WRONLY",
    },
    "shutil": {"copy", "copy2", "copyfile", "copytree", "move", "rmtree"},
    "np": {"save", "savez"},
    "sqlite3": {"connect"},
    "tempfile": {"NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp"},
}  # fmt: skip
METHODS = {
    "chmod",
    "hardlink_to",
    "mkdir",
    "rmdir",
    "symlink_to",
    "unlink",
    "write_bytes",
    "write_text",
}
READ_ONLY = re.compile("ACCESS_READ|['\"]r['\"]")
ALLOWED = {
    "files.py": "it is the one",
    "embed/artefact.py": "the training writes the model that comes with the wheel",
    "embed/salvage.py": "SQLite writes its own files",
    "ingest/watch/cookies.py": "cookies mean nothing after their moment",
    "server/socket.py": "the socket lives as long as the daemon",
    "supervise/daemon.py": "/dev/null",
    "supervise/lock.py": "the lock of the daemon is of no use after it",
    "supervise/logs.py": "the log is no state, and must be written when nothing else can be",
}


def changes(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = node.value.id, node.attr
            yield from [f"{node.lineno}: {module}.{name}"] if name in CHANGING.get(module, ()) else []
        if isinstance(node, ast.Call):
            yield from called(node)


def called(node: ast.Call) -> Iterator[str]:
    if isinstance(node.func, ast.Attribute):
        module = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
        if node.func.attr in METHODS and module not in {"os", "files"}:
            yield f"{node.lineno}: .{node.func.attr}()"
        if node.func.attr in {"mmap", "memmap"} and not READ_ONLY.search(ast.unparse(node)):
            yield f"{node.lineno}: a map that can be written"
    if isinstance(node.func, ast.Name) and node.func.id == "open":
        mode = next((word.value for word in node.keywords if word.arg == "mode"), None)
        mode = mode or (node.args[1] if len(node.args) > 1 else None)
        if mode is not None and not (isinstance(mode, ast.Constant) and set("wax+").isdisjoint(mode.value)):
            yield f"{node.lineno}: open for writing"


def test_nothing_else_changes_files() -> None:
    found = {
        str(path.relative_to(PACKAGE)): list(changes(path.read_text())) for path in PACKAGE.rglob("*.py")
    }
    assert {name: what for name, what in found.items() if what and name not in ALLOWED} == {}
    assert {name for name in ALLOWED if not found[name]} == set(), "allowed, and not needed"


@pytest.mark.parametrize(
    "line",
    [
        "os.rename('a', 'b')",
        "os.open('a', os.O_CREAT)",
        "open('a', 'wb')",
        "open('a', mode=x)",
        "Path('a').write_text('b')",
        "shutil.rmtree('a')",
        "mmap.mmap(3, 10)",
    ],
)
def test_a_change_is_noticed(line: str) -> None:
    assert list(changes(line))
