"""Run the conformance vectors against a live daemon: `python -m vexor_protocol.conformance --socket PATH`."""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq

from vexor_protocol.matching import Captures, MismatchError, match, substitute

DEFAULT_VECTORS = Path(__file__).resolve().parent.parent / "vectors"
REPLY_TIMEOUT_S = 30.0
STEP_KEYS = {
    "write", "remove", "send", "send_text", "send_hex", "envelope",
    "expect", "drop_events", "expect_event", "silent_ms",
}  # fmt: skip


class NoMessageError(MismatchError):
    """Nothing came in time."""


class Connection:
    """A DEALER socket that keeps replies and notifications apart."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", socket_path: str) -> None:
        self._socket = context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"ipc://{socket_path}")
        self._replies: deque[tuple[Any, bool]] = deque()
        self._events: deque[Any] = deque()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def send(self, body: bytes, envelope: bool) -> None:
        """Send one message; with `envelope` as a REQ socket does, after an empty frame."""
        self._socket.send_multipart([b"", body] if envelope else [body])

    def reply(self, timeout: float, envelope: bool) -> Any:
        """Return the next reply.

        Raises:
            MismatchError: none came in time, or it has an envelope and should not, or the reverse.
        """
        deadline = time.monotonic() + timeout
        while not self._replies:
            self._receive(deadline)
        message, enveloped = self._replies.popleft()
        if enveloped != envelope:
            raise MismatchError(
                f"the reply {'has' if enveloped else 'lacks'} an empty frame before it: {message}"
            )
        return message

    def event(self, pattern: Any, captures: Captures, timeout: float) -> None:
        """Wait for a notification that matches; others are dropped.

        Raises:
            MismatchError: none came in time; names the last one seen.
        """
        deadline = time.monotonic() + timeout
        last = "nothing came"
        while True:
            while self._events:
                try:
                    match(pattern, self._events.popleft(), captures)
                    return
                except MismatchError as error:
                    last = str(error)
            try:
                self._receive(deadline)
            except NoMessageError:
                raise MismatchError(f"no such event; last: {last}") from None

    def drop_events(self) -> None:
        """Forget the notifications that came until now."""
        self._events.clear()

    def silence(self, seconds: float) -> None:
        """Check that nothing unread is left and that nothing comes for a while.

        Raises:
            MismatchError: something came.
        """
        if not self._replies and not self._events:
            try:
                self._receive(time.monotonic() + seconds)
            except NoMessageError:
                return
        raise MismatchError(f"wanted silence, got {[*self._replies, *self._events]}")

    def _receive(self, deadline: float) -> None:
        left_ms = int((deadline - time.monotonic()) * 1000)
        if left_ms <= 0 or not self._socket.poll(left_ms, zmq.POLLIN):
            raise NoMessageError("no message in time")
        frames = self._socket.recv_multipart()
        enveloped = len(frames) == 2 and frames[0] == b""
        if len(frames) != 1 and not enveloped:
            raise MismatchError(f"a message of {len(frames)} frames")
        message = json.loads(frames[-1])
        if isinstance(message, dict) and "method" in message:
            self._events.append(message)
        else:
            self._replies.append((message, enveloped))


class Runner:
    """Runs vectors one by one, each with a connection and a copy of the fixture tree of its own."""

    def __init__(self, socket_path: str, vectors: Path) -> None:
        self._socket_path = socket_path
        self._vectors = vectors

    def run(self, path: Path) -> None:
        """Run one vector.

        Raises:
            MismatchError: the daemon did not answer as the vector says; names the step.
        """
        vector = json.loads(path.read_text("utf-8"))
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        connection = Connection(context, self._socket_path)
        folder = Path(os.path.realpath(tempfile.mkdtemp(prefix="vexor-conformance-")))
        shutil.copytree(self._vectors / "fixture", folder / "project")
        (folder / "outside").mkdir()
        captures = {"project": str(folder / "project"), "outside": str(folder / "outside")}
        try:
            for number, step in enumerate(vector["steps"], 1):
                try:
                    self._step(step, connection, captures)
                except MismatchError as error:
                    raise MismatchError(f"step {number}: {error}") from None
        finally:
            self._forget(connection, captures)
            connection.close()
            context.term()
            shutil.rmtree(folder, ignore_errors=True)

    def _step(self, step: dict[str, Any], connection: Connection, captures: Captures) -> None:
        unknown = set(step) - STEP_KEYS
        if unknown:
            raise ValueError(f"unknown keys in a step: {sorted(unknown)}")
        if "write" in step:
            target = Path(captures["project"], step["write"]["path"])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step["write"]["text"], "utf-8")
        if "remove" in step:
            Path(captures["project"], step["remove"]).unlink()
        envelope = bool(step.get("envelope", False))
        body = _body(step, captures)
        if body is not None:
            connection.send(body, envelope)
        if "expect" in step:
            wanted = substitute(step["expect"], captures)
            match(wanted, connection.reply(REPLY_TIMEOUT_S, envelope), captures)
        if step.get("drop_events"):
            connection.drop_events()
        if "expect_event" in step:
            connection.event(substitute(step["expect_event"], captures), captures, REPLY_TIMEOUT_S)
        if "silent_ms" in step:
            connection.silence(step["silent_ms"] / 1000)

    def _forget(self, connection: Connection, captures: Captures) -> None:
        """Unregister the fixture, so that the daemon is left as it was found."""
        for name in ("project", "outside"):
            params = {"path": captures[name]}
            request = {"jsonrpc": "2.0", "id": f"forget-{name}", "method": "unregister", "params": params}
            connection.send(json.dumps(request).encode(), envelope=False)
            self._await_forgotten(connection, request["id"])

    def _await_forgotten(self, connection: Connection, request_id: object) -> None:
        deadline = time.monotonic() + REPLY_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                reply = connection.reply(deadline - time.monotonic(), envelope=False)
            except NoMessageError:
                return
            except MismatchError:
                continue
            if reply.get("id") == request_id:
                return


def _body(step: dict[str, Any], captures: Captures) -> bytes | None:
    if "send" in step:
        return json.dumps(substitute(step["send"], captures)).encode("ascii")
    if "send_text" in step:
        return str(step["send_text"]).encode("utf-8")
    if "send_hex" in step:
        return bytes.fromhex(step["send_hex"])
    return None


def run_all(socket_path: str, vectors: Path, only: Sequence[str] = ()) -> tuple[int, int]:
    """Run every vector (or those named in `only`), print one line each, return how many passed and failed."""
    runner = Runner(socket_path, vectors)
    passed = failed = 0
    for path in sorted(vectors.glob("*.json")):
        if only and path.stem not in only:
            continue
        try:
            runner.run(path)
        except MismatchError as error:
            failed += 1
            print(f"FAIL {path.stem}: {error}", flush=True)
        else:
            passed += 1
            print(f"ok   {path.stem}", flush=True)
    return passed, failed


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 if every vector passed and there was at least one, else 1."""
    parser = argparse.ArgumentParser(prog="python -m vexor_protocol.conformance", description=__doc__)
    parser.add_argument("--socket", required=True, help="path of the daemon's socket")
    parser.add_argument("--vectors", type=Path, default=DEFAULT_VECTORS, help="folder of the vectors")
    parser.add_argument("names", nargs="*", help="run only these vectors")
    options = parser.parse_args(argv)
    passed, failed = run_all(options.socket, options.vectors, options.names)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
