"""One event, one private line; fatal messages of native code land in the same file."""

import logging
import re
import stat
import subprocess
import sys
from pathlib import Path

from vexord.supervise import logs


def record(message: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord("vexord.server.app", logging.WARNING, "x.py", 1, message, args, None)


def test_a_line_has_time_level_component_and_message() -> None:
    line = logs.LineFormatter().format(record("peer dropped count=%d", 3))
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning server\.app peer dropped count=3", line
    )


def test_the_journal_gets_a_level_and_no_time() -> None:
    assert logs.JournalFormatter().format(record("x")) == "<4>warning server.app x"


def test_nothing_can_break_out_of_its_line() -> None:
    line = logs.LineFormatter().format(record("path=%s", "a\nforged\x1b[31m\udce9é"))
    assert line.endswith(r"path=a\nforged\x1b[31m\udce9é")


def test_a_traceback_stays_on_one_line() -> None:
    try:
        raise ValueError("bad")
    except ValueError:
        entry = record("failed")
        entry.exc_info = sys.exc_info()
    line = logs.LineFormatter().format(entry)
    assert re.search(r"failed \[ValueError at supervise/test_daemon_logs\.py:\d+ test_a_traceback", line)
    assert "\n" not in line


WRITER = """
import logging, os, sys
from vexord.supervise import logs
logs.MAX_BYTES = 2000
os.umask(0)
logs.configure_logging(sys.argv[1])
for number in range(200):
    logging.getLogger(f"vexord.test.{number}").info("number=%d", number)
os.write(2, b"native abort\\n")
"""


def test_rotation_is_bounded_private_and_takes_stderr_along(tmp_path: Path) -> None:
    path = tmp_path / "log" / "vexord.log"
    subprocess.run([sys.executable, "-c", WRITER, str(path)], check=True, capture_output=True)
    files = sorted(path.parent.iterdir())
    assert len(files) == 1 + logs.OLD_FILES
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert all(file.stat().st_size <= 2100 for file in files)
    assert path.read_text().splitlines()[-2].endswith("info test.199 number=199")
    assert path.read_text().splitlines()[-1] == "native abort"


CROWD = """
import logging, os, sys, threading
from vexord.supervise import logs
logs.MAX_BYTES = 20_000
logs.configure_logging(sys.argv[1])
def write(name):
    for number in range(1_000):
        logging.getLogger(f"vexord.{name}.x{number}").info("%s %s", name, "x" * 50)
threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
for thread in threads: thread.start()
for thread in threads: thread.join()
for number in range(1_000):
    logging.getLogger("vexord.y").error("not written path=%r number=%d", f"/src/{number}.py", number)
logging.shutdown()
"""


def test_many_threads_and_a_fault_that_repeats_leave_whole_lines_and_bounded_files(tmp_path: Path) -> None:
    path = tmp_path / "log" / "vexord.log"
    done = subprocess.run([sys.executable, "-c", CROWD, str(path)], check=True, capture_output=True)
    assert done.stderr == b""
    files = sorted(path.parent.iterdir(), reverse=True)  # the oldest first
    assert sum(file.stat().st_size for file in files) <= (1 + logs.OLD_FILES) * 20_200
    lines = [line for file in files for line in file.read_text().splitlines()]
    ordinary = re.compile(r"\S+Z info [abcd]\.x\d+ [abcd] x{50}")
    others = [line for line in lines if not ordinary.fullmatch(line)]
    assert len(lines) > 500
    assert [line.split(" ", 1)[1] for line in others] == [
        *(f"error y not written path='/src/{number}.py' number={number}" for number in range(5)),
        "error y … 995 more like it: not written path='/src/999.py' number=999",
    ]
