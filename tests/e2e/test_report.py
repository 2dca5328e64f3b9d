"""`vexorctl report` with the daemon up, hung and down: what is needed is in it, and nothing of the user's."""

import os
import signal
import stat
from pathlib import Path

from tests.support.canary import Canary
from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from tests.unit.vexorctl.fake_daemon import vexorctl

ROOT, FOLDER, FILE = Canary("zuqroot7kyvexlu9"), Canary("quoddirxyzzy83wq"), Canary("kwfilejaxqorvu55")
TEXT, SYMBOL, QUERY = Canary("brontextzaqwixo8"), Canary("dwsymbolqyxaruv2"), Canary("jqueryzaxwovkyp4")
KEY, SETTING, HOST = (
    Canary("sk-proj-Xw3Rt8Zb5Kx1Qn7Lv4Hp9Dj2"),
    Canary("vsettingquxyzor6"),
    Canary("hostxaqwovzuryk3"),
)
ALL = (ROOT, FOLDER, FILE, TEXT, SYMBOL, QUERY, KEY, SETTING, HOST)
HELPFUL = (
    "== versions", "P1", 'state = "ready"', "embedding.provider = openai", "key: set, from its file",
    "msgspec ", " segments 1 rows [", "degraded = project_settings", "embedding.base_url = (set)",
)  # fmt: skip


def tree(base: Path) -> Path:
    return make_tree(
        base / f"my {ROOT.value}",
        {
            f"{FOLDER.value}/{FILE.value}.py": f"def {SYMBOL.value}():\n    return '{TEXT.value}'\n",
            f"a {FILE.value} b.bin": b"\0\1\2" + TEXT.value.encode(),
            ".vexord.toml": f"[{SETTING.value}]\nx = 1\n",
            ".env": f"KEY={KEY.value}\n",
        },
    )


def test_a_report_helps_and_gives_nothing_away(xdg: Xdg) -> None:
    root = tree(xdg.home)
    assert vexorctl(xdg, "start", env={"VEXORCTL_NO_SPAWN": ""}).returncode == 0
    vexorctl(xdg, "add", str(root), "--wait")
    vexorctl(xdg, "config", "set-key", "openai", "--file", said=KEY.value.encode() + b"\n")
    address = f"http://{HOST.value}.localhost:9/v1"
    vexorctl(xdg, "config", "set", "provider", "openai", "base_url", address, "dimensions", "8")
    vexorctl(xdg, "search", QUERY.value, SYMBOL.value, "--path", str(root))
    (log,) = (xdg.state / "vexord").rglob("vexord.log")
    with open(log, "a") as file:  # what a line of tomorrow might say
        file.write(
            f"2026-01-01T00:00:00.000Z error ingest.x cannot read {root}/{FOLDER.value}: {TEXT.value}\n"
        )
        file.write(f"Traceback: {FILE.value}.py in {SYMBOL.value} '{TEXT.value}\n")
    up = report(xdg, root)
    assert [part for part in HELPFUL if part not in up] == []

    (server,) = [process for process in xdg.processes() if "vexord" in process.cmdline()]
    server.suspend()
    hung = report(xdg, root)
    assert "it does not answer: the daemon does not answer" in hung
    assert f"{server.pid} stopped threads=" in hung
    server.resume()
    os.kill(server.pid, signal.SIGABRT)
    wait_until(lambda: not xdg.processes(), 20)
    down = report(xdg, root)
    assert "it does not answer: no daemon runs" in down
    assert "no daemon holds the lock" in down
    assert "Fatal Python error: Aborted" in down
    assert "vexord/server/app.py" in down, "frames of ours"


def report(xdg: Xdg, root: Path) -> str:
    place = xdg.base / "report.txt"
    done = vexorctl(xdg, "report", "--output", str(place), cwd=root)
    assert done.returncode == 0, done.stderr
    assert b"Nothing was sent." in done.stdout
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    content = place.read_bytes()
    for canary in ALL:
        assert [line for line in content.splitlines() if canary.seen_in(line)] == []
    assert str(xdg.base).encode() not in content
    assert b"cannot be told" not in content
    place.unlink()
    return content.decode()


def test_where_the_log_is_the_journal_its_end_is_taken_from_there(xdg: Xdg, tmp_path: Path) -> None:
    journal = tmp_path / "bin" / "journalctl"
    lines = (
        f"2026-11-26T10:00:00+0000 {HOST.value} vexord[7]: error ingest.x not read path='/{FILE.value}'",
        f"2026-11-26T10:00:01+0000 {HOST.value} vexord[7]: info server.app stopping",
        f"-- Boot {HOST.value} --",
    )
    make_tree(journal.parent, {"journalctl": "#!/bin/sh\ncat <<'EOF'\n" + "\n".join(lines) + "\nEOF\n"})
    journal.chmod(0o755)
    done = vexorctl(xdg, "report", "-o", "-", env={"PATH": f"{journal.parent}:/usr/bin:/bin"})
    told = done.stdout.decode()
    assert "2026-11-26T10:00:01+0000 info server.app stopping" in told.partition("== end of the log")[2]
    assert told.count("error ingest.x not read path='") == 2
    assert not HOST.seen_in(done.stdout)
    assert not FILE.seen_in(done.stdout)
