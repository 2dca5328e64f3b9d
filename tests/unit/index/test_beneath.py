"""What a path inside a root opens: the file that lies there, and nothing that a link leads to."""

import errno
import os
import threading
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from vexord.index.beneath import open_beneath


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    make_tree(tmp_path / "outside", {"deep/secret.txt": "secret\n"})
    return make_tree(
        tmp_path / "root", {"top.txt": "top\n", "a/b/c.txt": "inside\n", "odd \udcff/x": "odd\n"}
    )


def content(root: Path, path: str) -> bytes:
    with open(open_beneath(str(root), path), "rb") as file:
        return file.read()


def test_a_file_is_opened_at_any_depth_whatever_its_name(tree: Path) -> None:
    assert content(tree, "top.txt") == b"top\n"
    assert content(tree, "a/b/c.txt") == b"inside\n"
    assert content(tree, "odd \udcff/x") == b"odd\n"


@pytest.mark.parametrize("place", ["a", "a/b", "a/b/c.txt"])
@pytest.mark.parametrize("absolute", [True, False])
def test_no_link_on_the_way_is_followed(tree: Path, place: str, absolute: bool) -> None:
    away = tree.parent / "outside" / "deep"
    make_tree(away, {"b/c.txt": "secret\n", "c.txt": "secret\n"})
    target = {"a": away, "a/b": away, "a/b/c.txt": away / "secret.txt"}[place]
    os.rename(tree / place, tree / "kept")
    (tree / place).symlink_to(target if absolute else os.path.relpath(target, (tree / place).parent))
    assert (tree / "a/b/c.txt").read_bytes() == b"secret\n"  # whoever follows links gets out
    with pytest.raises(OSError) as raised:
        open_beneath(str(tree), "a/b/c.txt")
    assert raised.value.errno in (errno.ELOOP, errno.ENOTDIR)


def test_a_root_that_became_a_link_is_not_followed(tree: Path) -> None:
    os.rename(tree, tree.parent / "moved")
    tree.symlink_to(tree.parent / "moved")
    with pytest.raises(OSError):
        open_beneath(str(tree), "top.txt")


@pytest.mark.parametrize(
    "path",
    [
        "../outside/deep/secret.txt",
        "a/../../outside/deep/secret.txt",
        "/etc/passwd",
        "",
        ".",
        "a//b/c.txt",
        "a/b/",
    ],
)
def test_a_path_that_leads_out_or_nowhere_is_refused(tree: Path, path: str) -> None:
    with pytest.raises(OSError):
        open_beneath(str(tree), path)


def test_a_folder_that_is_exchanged_for_a_link_again_and_again_never_leads_out(tree: Path) -> None:
    make_tree(tree.parent / "outside", {"b/c.txt": "secret\n"})
    (tree / "link").symlink_to(tree.parent / "outside")
    done = threading.Event()

    def exchange() -> None:
        while not done.is_set():
            os.rename(tree / "a", tree / "kept")
            os.rename(tree / "link", tree / "a")
            os.rename(tree / "a", tree / "link")
            os.rename(tree / "kept", tree / "a")

    thread = threading.Thread(target=exchange)
    thread.start()
    seen: set[bytes] = set()
    refused = 0
    while b"inside\n" not in seen or refused < 200:
        try:
            seen.add(content(tree, "a/b/c.txt"))
        except OSError:
            refused += 1
    done.set()
    thread.join()
    assert seen == {b"inside\n"}
