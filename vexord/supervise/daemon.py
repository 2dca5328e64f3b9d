"""The daemon's life: folders, lock, log, registry, server, readiness, watchdog, exit status."""

import argparse
import gc
import importlib
import logging
import os
import platform
import resource
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vexor_protocol.errors import ProtocolError
from vexor_protocol.locations import LocationError, ensure_runtime_dir, socket_path

from vexord import __version__
from vexord.embed.choice import Embedding
from vexord.projects.choices import ConfigError
from vexord.projects.live import LiveChoices, Opened
from vexord.projects.registry import Registry, RegistryError
from vexord.projects.settings import Settings
from vexord.supervise.history import FAILED, STOPPED, History
from vexord.supervise.lock import EXIT_ALREADY_RUNNING, AlreadyRunningError, DaemonLock
from vexord.supervise.logs import configure_logging
from vexord.supervise.notify import Notifier
from vexord.supervise.processes import IndexerStart
from vexord.supervise.ready import ReadyPipe
from vexord.supervise.selfcheck import DEFAULT_INTERVAL_S, Checks, SelfCheck

if TYPE_CHECKING:
    from vexord.search.engine import Engine
    from vexord.server.app import Server

logger = logging.getLogger(__name__)

EXIT_REFUSED = 2
"""Something that only the user can mend; the unit file tells systemd not to try again."""
EXIT_SOFTWARE = 70
"""EX_SOFTWARE of sysexits.h: a new start is likely to help."""
WANTED_DESCRIPTORS = 65_536
_USED_LATER = ("pathspec", "psutil")
"""Imported by the first request that needs them, unless the package has gone from the disk by then."""
LEAST_DESCRIPTORS = 1_024


class StartError(Exception):
    """The daemon cannot start; `hint` names the mend."""

    def __init__(self, name: str, message: str, hint: str = "", status: int = EXIT_REFUSED) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.hint = hint
        self.status = status


@dataclass(slots=True)
class _Life:
    """What the callbacks of the server and of the self-check share."""

    ready: ReadyPipe
    notifier: Notifier
    socket_path: str
    projects: int
    engine: "Engine"
    server: "Server | None" = None
    turns: int = 0
    lost: bool = False
    served: bool = False
    selfcheck: SelfCheck | None = None

    def on_ready(self) -> None:
        """The socket is bound and the loop begins."""
        self.served = True
        self.ready.ready()
        self.notifier.send("READY=1", f"STATUS=Serving {self.projects} projects")
        watchdog_s = self.notifier.watchdog_s
        self.selfcheck = SelfCheck(
            Checks(
                socket_path=self.socket_path,
                interval_s=watchdog_s / 3 if watchdog_s else DEFAULT_INTERVAL_S,
                turns=lambda: self.turns,
                nudge=self._nudge,
                on_good=lambda: self.notifier.send("WATCHDOG=1"),
                on_lost=self.on_lost,
            )
        )
        self.selfcheck.start()
        threading.Thread(target=self._warm, name="warm", daemon=True).start()

    def on_turn(self) -> None:
        """The router's loop has turned once more."""
        self.turns += 1

    def on_lost(self) -> None:
        """No client can reach us any more: make room for a daemon that can be reached."""
        self.lost = True
        os.kill(os.getpid(), signal.SIGTERM)

    def end(self) -> None:
        """The server has returned."""
        self.notifier.send("STOPPING=1")
        if self.selfcheck is not None:
            self.selfcheck.stop()

    def _nudge(self) -> None:
        if self.server is not None:
            self.server.nudge()

    def _warm(self) -> None:
        started = time.monotonic()
        try:
            for name in _USED_LATER:
                importlib.import_module(name)
            self.engine.warm()
        except Exception:
            logger.exception("cannot warm the model; the first search will try again")
            return
        gc.freeze()  # the modules and the model stay: to look through them halted searches for 10 ms
        logger.info("model warm ms=%d", (time.monotonic() - started) * 1000)


@dataclass(frozen=True, slots=True)
class _Begun:
    """What was begun before the imports that take long."""

    ready: ReadyPipe
    notifier: Notifier
    spawn: IndexerStart


def main(argv: Sequence[str] | None = None) -> int:
    """Run the daemon until it is told to stop; return the exit status."""
    options = _parse(argv)
    os.umask(0o077)
    _leave_no_core()
    ready = ReadyPipe(options.ready_fd)
    try:
        return _run(options, ready)
    except StartError as error:
        hint = f"; {error.hint}" if error.hint else ""
        ready.failed(error.name, error.message + hint)
        _complain(error)
        return error.status
    except Exception as error:  # the outermost boundary
        logger.exception("the daemon failed")
        ready.failed("E_INTERNAL", f"{type(error).__name__}: {error}; see: vexorctl logs")
        return EXIT_SOFTWARE


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="vexord",
        description="The code-search daemon. Searches are asked with vexorctl, which starts it when needed.",
    )
    parser.add_argument("--foreground", action="store_true", help="stay in the foreground (always so)")
    parser.add_argument(
        "--ready-fd",
        type=int,
        metavar="N",
        help="write `ready PID` or `error NAME: MESSAGE` there, then close",
    )
    parser.add_argument(
        "--log-file",
        metavar="FILE",
        help="log there, with rotation; else to stderr, or to the state folder if stderr is /dev/null",
    )
    parser.add_argument("--version", action="version", version=f"vexord {__version__}")
    return parser.parse_args(argv)


def _run(options: argparse.Namespace, ready: ReadyPipe) -> int:
    started = time.monotonic()
    _check_standard_descriptors()
    try:
        folder, path = ensure_runtime_dir(), socket_path()
        lock = DaemonLock(folder)
    except LocationError as error:
        raise StartError("E_LOCATION", error.message, error.hint) from None
    except AlreadyRunningError as error:
        raise StartError(
            "E_ALREADY_RUNNING", str(error), "stop it with: vexorctl stop", EXIT_ALREADY_RUNNING
        ) from None
    except OSError as error:
        raise StartError("E_LOCATION", f"cannot use the runtime folder: {error}") from None
    state_lock = None
    try:
        settings = _settings(options.log_file)
        state_lock = _lock_state(settings, path)
        registry = _registry(settings)
        live = _choices(settings)
        _raise_descriptor_limit()
        # The manager's variables go before the first child is started, which would inherit them.
        notifier = Notifier.from_environment()
        history = History(settings.history_file)
        history.begin(__version__)
        begun = _Begun(ready, notifier, IndexerStart(lambda: live.choices.embedding))
        life, server = _build(Opened(settings, registry, live, history.unclean), begun, path)
        logger.info(
            "start pid=%d version=%s python=%s socket=%r projects=%d ms=%d",
            os.getpid(), __version__, platform.python_version(), path, life.projects,
            (time.monotonic() - started) * 1000,
        )  # fmt: skip
        return _remembered(history, lambda: _serve(server, life))
    finally:
        if state_lock is not None:
            state_lock.release()
        lock.release()


def _remembered(history: History, serve: Callable[[], int]) -> int:
    ended = FAILED
    try:
        status = serve()
        ended = FAILED if status else STOPPED
        return status
    finally:
        history.end(ended)


def _settings(log_file: str | None) -> Settings:
    try:
        settings = Settings.load()
        configure_logging(log_file or (settings.log_file if _stderr_is_null() else None))
    except OSError as error:
        raise StartError(
            "E_STATE", f"cannot use {error.filename}: {error.strerror}", "mend its rights, or make room"
        ) from None
    return settings


def _lock_state(settings: Settings, socket: str) -> DaemonLock:
    """One daemon for the registered folders, too: two would write each other's registrations away.

    A session without XDG_RUNTIME_DIR has another runtime folder than one with it, and the same state.
    """
    try:
        return DaemonLock(settings.state_dir, socket)
    except AlreadyRunningError as error:
        raise StartError(
            "E_STATE",
            f"another daemon keeps its state in {settings.state_dir}: {error.holder}",
            "set XDG_RUNTIME_DIR as it is there, or stop that one with: vexorctl stop",
            EXIT_ALREADY_RUNNING,
        ) from None
    except OSError as error:
        raise StartError(
            "E_STATE", f"cannot use {settings.state_dir}: {error.strerror}", "mend its rights"
        ) from None


def _registry(settings: Settings) -> Registry:
    try:
        registry = Registry(settings.registry_file)
    except RegistryError as error:
        raise StartError("E_STATE", error.message, error.hint) from None
    if registry.problem:
        logger.error("registry: %s", registry.problem)
    return registry


def _choices(settings: Settings) -> LiveChoices:
    try:
        return LiveChoices(settings.config_dir)
    except ConfigError as error:
        raise StartError("E_CONFIG", error.message, error.hint) from None


def _build(opened: Opened, begun: _Begun, path: str) -> tuple[_Life, "Server"]:
    # Not before the lock: these imports take most of the start, and a second daemon must fail fast.
    from vexord.search.engine import Engine
    from vexord.search.second import SecondModels
    from vexord.server.app import Callbacks, Server

    engine = Engine()

    def choose(embedding: Embedding) -> None:
        engine.choose(SecondModels(embedding, opened.settings.embeddings_dir))

    choose(opened.live.choices.embedding)
    life = _Life(
        ready=begun.ready,
        notifier=begun.notifier,
        socket_path=path,
        projects=len(opened.registry.all()),
        engine=engine,
    )

    def choose_anew(embedding: Embedding) -> None:
        choose(embedding)
        engine.warm()

    callbacks = Callbacks(life.on_ready, life.on_turn, choose_anew)
    server = Server(opened, engine, begun.spawn, callbacks)
    life.server = server
    return life, server


def _serve(server: "Server", life: _Life) -> int:
    try:
        server.run()
    except (LocationError, ProtocolError) as error:
        if life.served:
            raise
        name = error.kind.name if isinstance(error, ProtocolError) else "E_LOCATION"
        raise StartError(name, error.message, error.hint) from error
    finally:
        life.end()
    logger.info("stopped pid=%d", os.getpid())
    return EXIT_SOFTWARE if life.lost else 0


def _complain(error: StartError) -> None:
    hint = f"\n  hint: {error.hint}" if error.hint else ""
    os.write(2, os.fsencode(f"vexord: {error.message}{hint}\n"))


def _check_standard_descriptors() -> None:
    """Fill the places of closed standard streams, so that no socket ever gets number 0, 1 or 2."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - lives as long as we


def _stderr_is_null() -> bool:
    info = os.fstat(2)
    return stat.S_ISCHR(info.st_mode) and info.st_rdev == os.stat(os.devnull).st_rdev


def _leave_no_core() -> None:
    """A core would hold the keys, the environment and the texts at hand; children inherit this.

    1 and not 0: with 0 Linux still hands the core to a program that `core_pattern` names; with 1 it does not
    (fs/coredump.c).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    least = 1 if hard == resource.RLIM_INFINITY else min(1, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (least, least))


def _raise_descriptor_limit() -> None:
    """libzmq aborts the process when accept() finds no descriptor left.

    Raises:
        StartError: the system allows so few that a burst of connections would do that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = WANTED_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, WANTED_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
        except (OSError, ValueError) as error:  # macOS allows less than it says
            logger.warning("cannot raise the limit of open files soft=%d: %s", soft, error)
            ceiling = soft
    if ceiling < LEAST_DESCRIPTORS:
        raise StartError(
            "E_DESCRIPTORS",
            f"at most {ceiling} files may be open at once; {LEAST_DESCRIPTORS} are needed",
            "raise the hard limit: ulimit -Hn, or LimitNOFILE= of the unit",
        )
