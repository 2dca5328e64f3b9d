"""The fast road of `vexorctl search`: from the command line to bytes on the terminal.

A search is answered in milliseconds, so most of what the user waits for is Python's start. Here and in
`query`, `reach`, `zmtp` and `errors` only C modules of the standard library are imported at the top; a test
keeps the list. Whatever is rare (help, mistakes, other commands, starting a daemon, progress) is imported
when it happens. `launcher/vexorctl` starts the interpreter without `site`, for the same reason.
"""

import posix
import sys
from time import monotonic, sleep

from vexorctl.errors import ClientError
from vexorctl.reach import connect, socket_path
from vexorctl.zmtp import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vexorctl.query import Query

EXIT_HITS, EXIT_NONE, EXIT_ERROR, EXIT_INTERRUPTED = 0, 1, 2, 130
_QUIET_S = 0.25
"""An answer that comes within this time needs no progress bar."""
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.1
_WORTH_A_RETRY = ("E_BUSY", "E_SHUTTING_DOWN")


class _JsonContext:
    """What the C scanner of the `json` package asks its decoder for."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def run() -> None:
    """Entry of the `vexorctl` command; ends the process."""
    try:
        status = _run(sys.argv[1:])
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except BrokenPipeError:
        status = EXIT_HITS
    # Not sys.exit: taking the interpreter down costs a tenth of the whole run. All output is written.
    posix._exit(status)


def _run(arguments: list[str]) -> int:
    try:
        if is_search(arguments):
            connection = knock()
            query = plain_search(arguments)
            if query is not None:
                return search(query, connection)
    except ClientError as error:
        return complain(error)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        from vexorctl.report import internal_error

        return internal_error(error)
    from vexorctl.opened import open_site

    open_site()
    from vexorctl.main import main

    return main(arguments)


def plain_search(arguments: list[str]) -> "Query | None":
    """Return the search that the arguments ask for; None if they are for `main`."""
    from vexorctl.query import parse

    return parse(arguments[1:] if arguments[0] == "search" else arguments)


def is_search(arguments: list[str]) -> bool:
    """Whether the first word, or the lack of a command, says that this is a search."""
    if not arguments or arguments[0] == "search":
        return bool(arguments)
    from vexorctl.commands import COMMANDS, OTHER_WORDS

    return arguments[0] not in COMMANDS and arguments[0] not in OTHER_WORDS


def knock() -> Connection | None:
    """Connect ahead of time: the daemon's greeting travels while we read the command line.

    None if that fails; `ask` then finds out why.
    """
    try:
        return Connection(socket_path())
    except (OSError, ClientError):
        return None


def search(query: "Query", connection: Connection | None = None) -> int:
    """Ask, write the answer to standard output and its notes to standard error, return the exit status.

    Raises:
        ClientError: there is no answer.
        BrokenPipeError: nobody reads the output any more.
    """
    if connection is not None:
        try:
            connection.greet()
        except TimeoutError:  # somebody holds the socket and stands still: another attempt would, too
            raise _silence() from None
        except OSError:
            connection = None
    from vexorctl.query import request

    try:
        frame = request(query)
    except FileNotFoundError:
        raise ClientError("the working folder does not exist any more", "cd to one that does") from None
    if show(ask(frame, query, connection)):
        return EXIT_HITS
    if posix.isatty(2):
        tell("no hits")
    return EXIT_NONE


def show(result: dict[str, object], before: str = "") -> bool:
    """Write an answer, after `before` if it is not empty, and its notes; return whether it has hits.

    Raises:
        BrokenPipeError: nobody reads the output any more.
        ClientError: it cannot be written.
    """
    notes = result.get("notes")
    if isinstance(notes, list):
        for note in notes:
            tell(str(note))
    rendered = result.get("rendered")
    if isinstance(rendered, str) and rendered:
        write(1, to_bytes(before + rendered))
    return bool(result.get("total"))


def ask(frame: bytes, query: "Query", connection: Connection | None = None) -> dict[str, object]:
    """Send the request and return the result. The first attempt uses `connection` if there is one.

    A search may be asked twice, so a daemon that died meanwhile, or is busy, is asked again.

    Raises:
        ClientError: the daemon refuses, cannot be reached, or does not answer in time.
    """
    deadline = monotonic() + query.patience_ms / 1000
    pause = _FIRST_PAUSE_S
    for attempt in range(_ATTEMPTS):
        last = attempt == _ATTEMPTS - 1 or monotonic() + pause >= deadline
        try:
            reply = _exchange(frame, query, deadline, connection)
        except TimeoutError:
            raise _silence() from None
        except ConnectionError as lost:
            if last:
                raise ClientError(
                    f"lost the daemon: {lost}", "look at: vexorctl logs", "E_NO_ANSWER"
                ) from None
        else:
            error = reply.get("error")
            if not isinstance(error, dict):
                return _object(reply.get("result"))
            data = _object(error.get("data"))
            if last or data.get("name") not in _WORTH_A_RETRY:
                raise refusal(error)
            after = data.get("retry_after_ms")
            pause = max(pause, after / 1000 if isinstance(after, int) else 0)
        connection = None
        sleep(pause)
        pause *= 2
    raise AssertionError("the last attempt returns or raises")


def _exchange(
    frame: bytes, query: "Query", deadline: float, connection: Connection | None
) -> dict[str, object]:
    if connection is None:
        connection = connect(query.spawn)
    try:
        connection.send(frame)
        return decode(_wait(connection, query, deadline))
    finally:
        connection.close()


def _wait(connection: Connection, query: "Query", deadline: float) -> bytes:
    """The reply's frame; with a progress bar if it takes long and somebody watches."""
    try:
        return connection.receive(_QUIET_S)
    except TimeoutError:
        from vexorctl.opened import open_site

        open_site()
        from vexorctl.progress import wait_for_reply

        path = None if query.everywhere else query.path or "."
        return wait_for_reply(connection, path, deadline)


def decode(frame: bytes) -> dict[str, object]:
    """Read a JSON object.

    Raises:
        ConnectionError: it is none; whoever sent it is not a daemon.
    """
    import _json

    try:
        text = frame.decode("utf-8")
        try:
            message, _ = _json.make_scanner(_JsonContext)(text, 0)  # type: ignore[arg-type]
        except AttributeError:  # a Python whose scanner asks for more
            from json import loads

            message = loads(text)
    except (ValueError, StopIteration, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise ConnectionError("its answer cannot be read")
    return message


def _silence() -> ClientError:
    return ClientError("the daemon does not answer", "run: vexorctl restart", "E_NO_ANSWER")


def refusal(error: dict[str, object]) -> ClientError:
    """Return the error member of a reply as the exception to raise."""
    data = _object(error.get("data"))
    return ClientError(str(error.get("message")), str(data.get("hint") or ""), str(data.get("name") or ""))


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def complain(error: ClientError) -> int:
    """Say what is wrong and what mends it; return the exit status."""
    tell(f"vexorctl: {error.message}" + (f"\n  hint: {error.hint}" if error.hint else ""))
    return EXIT_ERROR


def tell(line: str) -> None:
    """Write a line to standard error, if it can be written."""
    try:
        write(2, to_bytes("".join(map(_harmless, line)) + "\n"))
    except (ClientError, BrokenPipeError):
        return


def _harmless(character: str) -> str:
    """A message may name a folder whose name drives terminals; bytes that are no text stay as they are."""
    if character.isprintable() or character == "\n" or "\udc80" <= character <= "\udcff":
        return character
    return chr(0x2400 + ord(character)) if character < " " else "\ufffd"


def to_bytes(text: str) -> bytes:
    """UTF-8; surrogates of paths become the bytes they stand for, others an escape."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace")


def write(descriptor: int, data: bytes) -> None:
    """Write all of `data`.

    Raises:
        BrokenPipeError: nobody reads it.
        ClientError: it cannot be written.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[posix.write(descriptor, rest) :]
        except BlockingIOError:  # another program left the terminal or pipe in this mode
            posix.set_blocking(descriptor, True)
        except BrokenPipeError:
            raise
        except OSError as error:
            message = f"cannot write the answer: {error.strerror}"
            raise ClientError(message, "make room, or send it elsewhere") from None
