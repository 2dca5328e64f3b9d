"""Ends processes and fails disks at chosen steps of `vexord.files`, in this process or in real daemons."""

import json
import mmap
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vexord import files
from vexord.files import Bytes, Hook

NEEDS_ROOM = frozenset({"create", "write", "mkdir", "link"})
"""Steps that a full disk refuses."""


class Steps:
    """A hook that counts and notes the steps."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, bytes]] = []

    def __call__(self, name: str, path: str, parts: Sequence[Bytes]) -> None:
        self.taken.append((name, path, b"".join(bytes(part) for part in parts)))


def die_at(number: int, *, torn: bool = False) -> Hook:
    """Return a hook that ends the process by SIGKILL before a step, counted from 0.

    `torn`: if that is a write, half of its bytes are written first.
    """
    count = -1

    def hook(name: str, path: str, parts: Sequence[Bytes]) -> None:
        nonlocal count
        count += 1
        if count == number:
            if torn and name == "write":
                write_half(path, parts)
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def fail_at(number: int, code: int, *, torn: bool = False, times: int = 1) -> Hook:
    """Return a hook that fails steps with an errno, `times` of them from `number` on."""
    count = -1

    def hook(name: str, path: str, parts: Sequence[Bytes]) -> None:
        nonlocal count
        count += 1
        if number <= count < number + times:
            if torn and name == "write":
                write_half(path, parts)
            raise OSError(code, os.strerror(code), path)

    return hook


def write_half(path: str, parts: Sequence[Bytes]) -> None:
    """Append half of the bytes that were about to be written."""
    data = b"".join(bytes(part) for part in parts)
    with open(path, "ab") as file:
        file.write(data[: len(data) // 2])


@contextmanager
def hooked(hook: Hook | None) -> Iterator[None]:
    """Have a hook called by every step in this process."""
    before, files.hook = files.hook, hook
    try:
        yield
    finally:
        files.hook = before


def in_child(job: Callable[[Callable[[], None]], None], hook: Hook | None) -> tuple[int, int]:
    """Run a job in a fork of this process; return how often it called what it was given, and its wait status.

    Raises:
        AssertionError: the job failed otherwise than by SIGKILL.
    """
    done = mmap.mmap(-1, 8)

    def acknowledge() -> None:
        done[:] = (int.from_bytes(done[:], "little") + 1).to_bytes(8, "little")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # no thread of ours is needed in the child
        child = os.fork()
    if child == 0:
        status = 1
        try:
            files.hook = hook
            job(acknowledge)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the job failed by itself, wait status {status}"
    return int.from_bytes(done[:], "little"), status


# --- power loss --------------------------------------------------------------------------------------------


def after_power_loss(taken: Sequence[tuple[str, str, bytes]]) -> Iterator[dict[str, bytes]]:
    """Yield what may be on the disk if the power fails after some steps: path → content.

    Names changed since their folder was synced are there up to any of the changes, in order; bytes written
    since their file was synced are not there. It begins with an empty disk.
    """
    contents: dict[int, bytearray] = {}
    synced: dict[int, bytes] = {}
    durable: dict[str, int] = {}
    pending: list[Callable[[dict[str, int]], None]] = []

    def now() -> dict[str, int]:
        names = dict(durable)
        for change in pending:
            change(names)
        return names

    for number, (name, path, data) in enumerate(taken):
        if name == "create":
            contents[number], synced[number] = bytearray(), b""
            pending.append(lambda names, path=path, number=number: names.update({path: number}))  # type: ignore[misc]
        elif name == "write":
            contents[now()[path]] += data
        elif name == "sync" and path in (names := now()):
            synced[names[path]] = bytes(contents[names[path]])
        elif name == "sync":  # of a folder: all that was done in it
            durable, pending = now(), []
        elif name == "unlink":
            pending.append(lambda names, path=path: names.pop(path, None) and None)  # type: ignore[misc]
        elif name in ("link", "rename"):
            pending.append(_renaming(os.fsdecode(data), path, keep=name == "link"))
    for count in range(len(pending) + 1):
        names = dict(durable)
        for change in pending[:count]:
            change(names)
        yield {path: synced[number] for path, number in names.items()}


def _renaming(source: str, target: str, *, keep: bool) -> Callable[[dict[str, int]], None]:
    def change(names: dict[str, int]) -> None:
        if source in names:
            names[target] = names[source] if keep else names.pop(source)

    return change


# --- in real daemons ---------------------------------------------------------------------------------------

_SITE = """
import sys
sys.path.insert(0, {repository!r})
from tests.support.faults import install
install({plan!r})
"""


class Plan:
    """What the processes of a daemon do at their steps. It may be changed while they run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._path = folder / "plan.json"
        self._folder = folder
        self.record = folder / "steps"
        """`role name path` of every step while there is no plan."""
        site = _SITE.format(repository=str(Path(__file__).parents[2]), plan=str(folder))
        (folder / "sitecustomize.py").write_text(site)
        self.env = {"PYTHONPATH": str(folder)}
        """For the daemon."""
        self.clear()

    def clear(self) -> None:
        """Let them work."""
        self._set({})

    def die(self, role: str, number: int, *, torn: bool = False, match: str = "", times: int = 1) -> None:
        """End the next process of a role (`server`, `indexer`, `crew`) at a step, counted from now.

        `match`: count only steps of which the path contains this. `times`: as many processes.
        """
        self._set({"role": role, "number": number, "torn": torn, "match": match, "times": times})

    def fail(self, code: int, *, names: Sequence[str] = tuple(NEEDS_ROOM), match: str = "") -> None:
        """Fail every step of these names with an errno, in all processes, until the plan is cleared."""
        self._set({"code": code, "names": list(names), "match": match})

    def poison(self, text: str) -> None:
        """A file of which the bytes hold this ends the process that reads it, as a bug of a parser would.

        To be called before the daemon starts.
        """
        self.env["VX_POISON"] = text

    def over(self) -> bool:
        """Let them work; return whether a process had died as it should."""
        fired = self.fired
        self.clear()
        return fired

    @property
    def fired(self) -> bool:
        """Whether a process has died as it should."""
        return any(self._folder.glob("fired-*"))

    def refused(self) -> int:
        """Return how many steps were failed so far."""
        path = self._folder / "refused"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def steps(self) -> list[tuple[str, str, str]]:
        """Return the steps taken so far: role, name, path."""
        if not self.record.exists():
            return []
        lines = (line.split(" ", 2) for line in self.record.read_text().splitlines())
        return [(line[0], line[1], line[2]) for line in lines]

    def _set(self, plan: dict[str, object]) -> None:
        for fired in self._folder.glob("fired-*"):
            fired.unlink()
        temporary = self._path.with_suffix(".new")
        temporary.write_text(json.dumps(plan))
        temporary.rename(self._path)


_ROLES = {"indexer": "vexord.ingest.__main__", "crew": "spawn_main", "server": "-m vexord"}


def install(folder: str) -> None:
    """Follow the plan in a folder from now on; called in each process of the daemon."""
    command = " ".join(sys.orig_argv)
    role = next((role for role, mark in _ROLES.items() if mark in command), "")
    if role:
        files.hook = _Follower(folder, role)
        if (text := os.environ.get("VX_POISON", "")) and role != "server":
            _poison(text.encode())


def _poison(text: bytes) -> None:
    from vexord.ingest import extract as module

    extract = module.extract

    def deadly(path: str, raw: bytes) -> module.Extracted:
        if text in raw:
            os.kill(os.getpid(), signal.SIGSEGV)
        return extract(path, raw)

    module.extract = deadly


class _Follower:
    def __init__(self, folder: str, role: str) -> None:
        self._folder = folder
        self._role = role
        self._seen = -1
        self._count = -1
        self._plan: dict[str, object] = {}

    def __call__(self, name: str, path: str, parts: Sequence[Bytes]) -> None:
        self._read()
        plan = self._plan
        if str(plan.get("match", "")) not in path:
            return
        if not plan:
            with open(os.path.join(self._folder, "steps"), "a") as file:
                file.write(f"{self._role} {name} {path}\n")
        elif "code" in plan:
            if name in plan["names"]:  # type: ignore[operator]
                with open(os.path.join(self._folder, "refused"), "a") as file:
                    file.write(f"{self._role} {name} {path}\n")
                code = int(str(plan["code"]))
                raise OSError(code, os.strerror(code), path)
        elif plan["role"] == self._role:
            self._count += 1
            if self._count == plan["number"]:
                self._die(name, path, parts)

    def _die(self, name: str, path: str, parts: Sequence[Bytes]) -> None:
        for number in range(int(str(self._plan["times"]))):  # the next that nobody has taken
            try:
                os.close(os.open(os.path.join(self._folder, f"fired-{number}"), os.O_CREAT | os.O_EXCL))
                break
            except FileExistsError:
                continue
        else:
            return
        if self._plan["torn"] and name == "write":
            write_half(path, parts)
        os.kill(os.getpid(), signal.SIGKILL)

    def _read(self) -> None:
        path = os.path.join(self._folder, "plan.json")
        with open(path, "rb") as file:
            stamp = os.fstat(file.fileno()).st_ino ^ os.fstat(file.fileno()).st_mtime_ns
            if stamp != self._seen:
                self._seen, self._count = stamp, -1
                self._plan = json.loads(file.read())
