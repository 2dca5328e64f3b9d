"""What a log line may hold: no data that an error quotes, nothing of a library's record, few of one shape."""

import logging
import subprocess
import sys

import pytest

from vexord.loglines import BURST, MAX_CHARACTERS, WINDOW_S, Repeats, told, trace, words

CANARY = "canary-text-of-a-file"


def record(
    message: str, *args: object, name: str = "vexord.x", level: int = logging.ERROR
) -> logging.LogRecord:
    return logging.LogRecord(name, level, "/lib/httpx/client.py", 9, message, args, None)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    "error",
    [
        ValueError(CANARY),
        KeyError(CANARY),
        RuntimeError(CANARY),
        UnicodeDecodeError("x", CANARY.encode(), 0, 1, CANARY),
    ],
)
def test_an_error_that_may_quote_data_gives_only_its_kind_and_place(error: Exception) -> None:
    entry = record("failed: %s", error)
    entry.exc_info = (type(error), raised(error, ValueError(CANARY)), None)
    line = words(entry)
    assert CANARY not in line
    kind = type(error).__name__
    assert line.startswith(f"failed: {kind} [{kind} at unit/test_loglines.py:")
    assert line.endswith(" raised <- ValueError at ?]")


def test_an_error_of_the_system_keeps_its_words() -> None:
    error = OSError(28, "No space left on device", "/cache/x")
    assert told(error) == "OSError: [Errno 28] No space left on device: '/cache/x'"
    assert words(record("not written: %s", error)) == f"not written: {told(error)}"


def test_arguments_that_do_not_fit_end_nothing() -> None:
    assert words(record("%d of %d", CANARY)) == "%d of %d"


def test_a_loop_of_causes_ends() -> None:
    first, second = OSError("first"), ImportError("second")
    first.__cause__, second.__cause__ = second, first
    assert trace(raised(ImportError("last"), first)).count("first") == 1


def test_of_a_librarys_record_only_the_place_is_kept() -> None:
    entry = record(
        "Request options: %s", {"input": [CANARY]}, name="openai._base_client", level=logging.DEBUG
    )
    assert words(entry) == "client.py:9"


def test_a_line_is_one_line_and_not_endless() -> None:
    line = words(record("path=%s", "a\nforged\x1b[31m" + "x" * 10_000))
    assert line.startswith(r"path=a\nforged\x1b[31m")
    assert len(line) == MAX_CHARACTERS + 1


def test_a_fault_that_repeats_a_thousand_times_is_told_a_few_times_and_counted() -> None:
    now = [0.0]
    repeats = Repeats(lambda: now[0])
    passed = [
        repeats.passes(record("not embedded path=%r try=%d", f"src/{number}.py", number))
        for number in range(1_000)
    ]
    assert passed == [True] * BURST + [False] * (1_000 - BURST)
    assert repeats.passes(record("something else"))
    assert repeats.due() == []
    now[0] = WINDOW_S
    (more,) = repeats.due()
    assert more.getMessage() == f"… {1_000 - BURST} more like it: not embedded path='src/999.py' try=999"
    assert repeats.passes(record("not embedded path=%r try=%d", "src/0.py", 0))


def test_news_of_many_projects_are_not_repeats() -> None:
    repeats = Repeats()
    news = [record("project state root=%r", f"/{name}", level=logging.INFO) for name in "abcdefghijk"]
    assert all(map(repeats.passes, news))


CHILD = """
import sys, threading, warnings
from vexord.loglines import log_to_stderr
log_to_stderr()
secret = "canary-text-of-a-file"
thread = threading.Thread(target=int, args=(secret,), name="worker")
thread.start(); thread.join()
class Odd:
    def __del__(self): raise ValueError(secret)
Odd()
warnings.warn(secret)
import logging
logging.getLogger("vexord.x").info("%d %d", secret)
logging.getLogger("talkative").setLevel(logging.DEBUG)
logging.getLogger("talkative").info("sent %s", secret)
int(secret)
"""


def test_what_nobody_catches_is_logged_in_one_line_without_its_words() -> None:
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert CANARY not in done.stderr
    kinds = [line.split(" [")[0] for line in done.stderr.splitlines()]
    assert kinds == [
        "CRITICAL vexord.uncaught a thread ended name=worker",
        "ERROR vexord.uncaught an error where none can be raised",
        "WARNING py.warnings <string>:11: UserWarning",
        "INFO vexord.x %d %d",
        "CRITICAL vexord.uncaught the process ends",
    ]
