"""The fast road as a process: bytes out, exit status, what it imports, what it says when things go wrong."""

import json
import os
import pty
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from vexor_protocol import locations

from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import Release, answer, fake_daemon, later, refusal, run, vexorctl
from vexorctl import reach

ALLOWED_MODULES = {
    "vexorctl", "vexorctl.fast", "vexorctl.query", "vexorctl.reach", "vexorctl.zmtp", "vexorctl.errors",
    "_socket", "_json",
}  # fmt: skip
PACKAGES = [str(Path(reach.__file__).parent.parent), str(Path(locations.__file__).parent.parent)]


def test_hits_are_written_as_they_come_and_notes_go_to_stderr(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: answer("a.py:1 ünï\n", notes=["registered /x"])) as daemon:
        done = vexorctl(xdg, "search", "find", "me")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.py:1 ünï\n".encode(), b"registered /x\n")
    assert daemon.requests[0]["params"]["query"] == "find me"


def test_a_bare_query_is_a_search(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: answer()) as daemon:
        assert vexorctl(xdg, "list files").returncode == 0
    assert daemon.requests[0]["params"]["query"] == "list files"


def test_no_hits_is_exit_status_1_and_silent_in_a_pipe(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: answer("", total=0)):
        done = vexorctl(xdg, "search", "x")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_a_refusal_is_exit_status_2_with_its_hint(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: refusal("E_BAD_ROOT", "/ is too large", "name a folder")):
        done = vexorctl(xdg, "search", "x")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"vexorctl: / is too large\n  hint: name a folder\n"


def test_a_busy_daemon_is_asked_again(xdg: Xdg) -> None:
    replies = [refusal("E_BUSY", "busy", retry_after_ms=1), refusal("E_SHUTTING_DOWN", "ends"), answer()]
    with fake_daemon(xdg, lambda _: replies.pop(0)):
        assert vexorctl(xdg, "search", "x").stdout == b"hit\n"
    assert not replies


def test_two_megabytes_arrive_whole(xdg: Xdg) -> None:
    text = "".join(f"line {number} ü\n" for number in range(160_000))
    assert len(text) > 2_000_000
    with fake_daemon(xdg, lambda _: answer(text)):
        assert vexorctl(xdg, "search", "x").stdout == text.encode()


def test_surrogates_in_the_answer_become_the_bytes_of_the_path(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: answer("caf\udce9.py \ud800\n")) as daemon:
        assert vexorctl(xdg, "x").stdout == b"caf\\udce9.py \\ud800\n"
        daemon.handler = lambda _: answer("caf\udce9.py\n")
        assert vexorctl(xdg, "x").stdout == b"caf\xe9.py\n"


def test_a_working_folder_that_is_not_utf8_is_searched(xdg: Xdg) -> None:
    folder = os.fsencode(xdg.base) + b"/caf\xe9"
    os.mkdir(folder)
    with fake_daemon(xdg, lambda _: answer()) as daemon:
        assert vexorctl(xdg, "x", cwd=folder).returncode == 0
    assert os.fsencode(daemon.requests[0]["params"]["path"]) == folder


def test_a_query_in_any_locale_is_read_as_utf8(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: answer()) as daemon:
        vexorctl(xdg, "größe", env={"LC_ALL": "C"})
    assert daemon.requests[0]["params"]["query"] == "größe"


@pytest.mark.parametrize(
    ("env", "arguments", "color", "links"),
    [
        ({}, [], True, False),
        ({"NO_COLOR": "1"}, [], False, False),
        ({"NO_COLOR": ""}, [], True, False),
        ({"NO_COLOR": "1"}, ["--color", "always"], True, False),
        ({}, ["--color", "never"], False, False),
        ({"TERM": "dumb", "KITTY_WINDOW_ID": "1"}, [], False, False),
        ({"KITTY_WINDOW_ID": "1"}, [], True, True),
        ({"VTE_VERSION": "7000"}, [], True, True),
        ({"VTE_VERSION": "7000", "TMUX": "x"}, [], True, False),
    ],
)
def test_colour_and_links_on_a_terminal(
    xdg: Xdg, env: dict[str, str], arguments: list[str], color: bool, links: bool
) -> None:
    with fake_daemon(xdg, lambda _: answer()) as daemon:
        output = on_terminal(xdg, ["search", "x", *arguments], env)
    assert output.startswith(b"hit")
    render = daemon.requests[0]["params"]["render"]
    assert (render.get("color", False), render.get("links", False)) == (color, links)


def test_a_slow_answer_shows_progress_on_a_terminal_and_leaves_no_trace(xdg: Xdg) -> None:
    progress = {"phase": "indexing", "files_done": 30, "files_total": 60, "eta_s": 2.0}
    project = {"project": "/", "name": "shop", "progress": progress}

    def slow(request: dict[str, Any]) -> object:
        return None if request["method"] == "search" else Release({"projects": [project]}, answer())

    with fake_daemon(xdg, slow) as daemon:
        output = on_terminal(xdg, ["search", "x"], {"NO_COLOR": "1"})
    assert b"indexing shop [##########----------] 30/60 files" in output
    assert b"2 s left" in output
    assert output.rindex(b"\r\x1b[K") > output.rindex(b"2 s left")
    assert output.endswith(b"hit\r\n")
    assert [r["method"] for r in daemon.requests].count("search") == 1


def test_a_slow_answer_is_quiet_in_a_pipe(xdg: Xdg) -> None:
    with fake_daemon(xdg, later(0.6, answer())) as daemon:
        done = vexorctl(xdg, "search", "x")
    assert (done.stdout, done.stderr) == (b"hit\n", b"")
    assert len(daemon.requests) == 1


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o701])
def test_a_runtime_folder_open_to_others_is_refused_with_the_mend(xdg: Xdg, mode: int) -> None:
    with fake_daemon(xdg, lambda _: answer()) as daemon:
        xdg.socket.parent.chmod(mode)
        done = vexorctl(xdg, "search", "x")
        xdg.socket.parent.chmod(0o700)
    assert done.returncode == 2
    assert f"hint: run: chmod 700 {xdg.socket.parent}".encode() in done.stderr
    assert not daemon.requests


def test_without_a_daemon_the_error_names_the_mend(xdg: Xdg) -> None:
    done = vexorctl(xdg, "search", "x")
    assert done.returncode == 2
    assert done.stderr == b"vexorctl: no daemon runs\n  hint: start it with: vexorctl start\n"


def test_a_full_disk_is_an_error_and_a_closed_pipe_is_not(xdg: Xdg) -> None:
    command = f"exec {sys.executable} -P -m vexorctl search x"
    env = {**xdg.env, "VEXORCTL_NO_SPAWN": "1"}
    with fake_daemon(xdg, lambda _: answer("x" * 1_000_000)):
        full = run(["sh", "-c", f"{command} >/dev/full"], env)
        closed = run(["bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}"], env)
        none = run(["sh", "-c", f"{command} >&-"], env)
    assert (full.returncode, b"No space left" in full.stderr) == (2, True)
    assert (closed.returncode, closed.stderr) == (0, b"")
    assert (none.returncode, b"vexorctl: cannot write" in none.stderr) == (2, True)


def test_the_inlined_location_rule_is_that_of_the_protocol(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variables in (
        {"XDG_RUNTIME_DIR": str(xdg.runtime)},
        {"XDG_RUNTIME_DIR": f"{xdg.runtime}//"},
        {"XDG_RUNTIME_DIR": "", "TMPDIR": str(xdg.base)},
        {"XDG_RUNTIME_DIR": "", "TMPDIR": f"{xdg.base}/"},
        {"XDG_RUNTIME_DIR": str(xdg.runtime), "TMPDIR": str(tmp_path)},
    ):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        os.makedirs(locations.runtime_dir(), mode=0o700, exist_ok=True)
        assert stat.S_IMODE(os.stat(locations.runtime_dir()).st_mode) == 0o700
        assert reach.socket_path() == os.fsencode(locations.socket_path())


def test_the_fast_road_imports_no_more_than_the_list(xdg: Xdg) -> None:
    with fake_daemon(xdg, lambda _: answer()):
        bare = imported(["-c", "pass"], xdg)
        code = f"import sys; sys.path[:0] = {PACKAGES[:1]}; from vexorctl.fast import run; run()"
        search = imported(["-c", code, "search", "x", "-k", "3"], xdg)
    assert "vexorctl.fast" in search
    assert search - bare <= ALLOWED_MODULES


def imported(arguments: list[str], xdg: Xdg) -> set[str]:
    """Names of the modules that an interpreter without `site` imports."""
    done = run([sys.executable, "-I", "-S", "-X", "importtime", *arguments], xdg.env)
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"^import time:.*\|\s*([\w.]+)$", done.stderr.decode(), re.MULTILINE))


def on_terminal(xdg: Xdg, arguments: list[str], env: dict[str, str]) -> bytes:
    """Run with all three standard streams on a terminal; return what it shows."""
    master, slave = pty.openpty()
    clean = {key: value for key, value in xdg.env.items() if key not in ("TMUX", "STY", "VTE_VERSION")}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "vexorctl", *arguments],
        env={**clean, "VEXORCTL_NO_SPAWN": "1", "TERM": "xterm", "TERM_PROGRAM": "", **env},
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 65536):
            shown += data
    except OSError:  # the terminal's other end is closed: the process has ended
        pass
    os.close(master)
    process.wait(10)
    return shown


def test_json_lines_are_passed_on(xdg: Xdg) -> None:
    lines = json.dumps({"type": "reply"}) + "\n"
    with fake_daemon(xdg, lambda _: answer(lines, total=0)) as daemon:
        done = vexorctl(xdg, "search", "--json", "x")
    assert (done.returncode, done.stdout) == (1, lines.encode())
    assert daemon.requests[0]["params"]["render"] == {"format": "jsonl"}
