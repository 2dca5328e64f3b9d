"""A second user of the machine, a real one: kept out by rights, and without them by the kernel's word."""

import os
import shutil
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from vexor_protocol.client import Client

from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexorctl.zmtp import Connection

OWNER, STRANGER = 60_001, 60_002
pytestmark = pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None,
    reason="only root, with setpriv, can be two other users",
)

HELLO = '{"jsonrpc":"2.0","id":1,"method":"hello"}'
SEARCH = '{"jsonrpc":"2.0","id":2,"method":"search","params":{"query":"secret"}}'
SHUTDOWN = '{"jsonrpc":"2.0","id":3,"method":"shutdown"}'
NONSENSE = "{" * 100


def ask_as(user: int, path: Path, *requests: str) -> list[str]:
    """Ask as another user; return a word for each request: `answered`, or what kept it out.

    In a fork: our interpreter may lie where that user could not start it.
    """
    read, write = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # threads of libzmq, which the child does not touch
        child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        os.write(write, "\n".join(_asked(str(path).encode(), request) for request in requests).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        said = pipe.read().splitlines()
    os.waitpid(child, 0)
    return said


def _asked(path: bytes, request: str) -> str:
    try:
        connection = Connection(path)
        connection.send(request.encode())
        connection.receive(3.0)
    except OSError as error:
        return type(error).__name__
    return "answered"


@pytest.fixture
def owned(xdg: Xdg) -> Iterator["subprocess.Popen[bytes]"]:
    """A daemon of `OWNER`, with a project."""
    make_tree(xdg.home / "shop", {"keys.py": "def secret():\n    return 1\n"})
    for path in (xdg.base, *xdg.base.rglob("*")):
        os.chown(path, OWNER, OWNER)
    read, write = os.pipe()
    drop = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups"]
    drop += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]  # to find the interpreter
    process = subprocess.Popen(
        [*drop, sys.executable, "-P", "-m", "vexord", "--ready-fd", str(write)],
        env=xdg.env, cwd="/", pass_fds=[write], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write)
    with open(read) as pipe:
        assert pipe.read() == f"ready {process.pid}\n"
    with Client(str(xdg.socket)) as root:
        root.request("register", {"path": str(xdg.home / "shop")})
        assert root.request("wait", {"timeout_ms": 20_000}, 25.0)["reached"]
    yield process
    process.terminate()
    assert process.wait(15) == 0


def open_to_all(xdg: Xdg) -> None:
    xdg.base.chmod(0o777)
    for path in (xdg.runtime, *xdg.runtime.rglob("*")):
        path.chmod(0o777)


def test_another_user_does_not_get_through_the_folder(xdg: Xdg, owned: "subprocess.Popen[bytes]") -> None:
    xdg.base.chmod(0o755)
    xdg.runtime.chmod(0o755)  # as /run/user would never be
    assert ask_as(STRANGER, xdg.socket, HELLO, SEARCH, SHUTDOWN) == ["PermissionError"] * 3
    assert ask_as(OWNER, xdg.socket, HELLO) == ["answered"]


def test_another_user_is_refused_by_the_kernels_word_where_the_rights_were_opened(
    xdg: Xdg, owned: "subprocess.Popen[bytes]"
) -> None:
    open_to_all(xdg)
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(xdg.socket))  # the rights are open indeed
    with Client(str(xdg.socket)) as root:
        before = root.request("status")
        said = ask_as(STRANGER, xdg.socket, HELLO, SEARCH, SHUTDOWN, NONSENSE)
        assert said == ["ConnectionError"] * 4
        wait_until(lambda: root.request("status")["rejected_peers"] >= before["rejected_peers"] + 4)
        assert root.request("status")["searches"] == before["searches"]
    assert owned.poll() is None
    log = (xdg.state / "vexord" / "log" / "vexord.log").read_text()
    assert f"localhost:{STRANGER}:" in log


def test_the_owner_and_root_may(xdg: Xdg, owned: "subprocess.Popen[bytes]") -> None:
    xdg.base.chmod(0o755)
    assert ask_as(OWNER, xdg.socket, HELLO, SEARCH) == ["answered"] * 2
    assert ask_as(0, xdg.socket, HELLO, SEARCH) == ["answered"] * 2


def test_another_user_can_read_nothing_that_the_daemon_wrote(
    xdg: Xdg, owned: "subprocess.Popen[bytes]"
) -> None:
    xdg.base.chmod(0o755)
    for name in ("run", "cache", "state", "config", "data", "home"):
        (xdg.base / name).chmod(0o755)
    find = f"find {xdg.base}/run {xdg.base}/cache {xdg.base}/state {xdg.base}/data -type f -readable"
    done = subprocess.run(
        ["sh", "-c", find],
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert (xdg.cache / "vexord").is_dir()


def test_a_runtime_folder_that_belongs_to_another_user_is_refused(xdg: Xdg) -> None:
    folder = xdg.runtime / "vexord"
    folder.mkdir(mode=0o700)
    os.chown(folder, STRANGER, STRANGER)
    for command in (["vexord"], ["vexorctl", "search", "x"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", *command],
            env=xdg.env,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 2
        assert f"belongs to user id {STRANGER}" in done.stderr
        assert "hint: " in done.stderr


def test_a_link_of_another_user_in_the_shared_folder_is_not_followed(xdg: Xdg) -> None:
    """Without XDG_RUNTIME_DIR the folder lies in /tmp, where anybody may have put a link before us."""
    mine = xdg.base / "mine"
    mine.mkdir(mode=0o700)
    env = {**xdg.env, "TMPDIR": str(xdg.base)}
    del env["XDG_RUNTIME_DIR"]
    link = xdg.base / f"vexord-{os.getuid()}"
    link.symlink_to(mine)
    os.lchown(link, STRANGER, STRANGER)
    for command in (["vexord"], ["vexorctl", "search", "x"]):
        done = subprocess.run(
            [sys.executable, "-P", "-m", *command],
            env=env,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        assert "symbolic link of user id" in done.stderr
    assert list(mine.iterdir()) == []
