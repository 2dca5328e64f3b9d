"""A ROUTER with four toy methods, to test the conformance runners themselves without a daemon."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import zmq


@contextmanager
def stub_daemon(path: str) -> Iterator[None]:
    """Serve at `path` in a thread.

    `echo` returns its params; `event` also sends them as a notification; `junk` answers with an envelope
    where there was none; any other method is unknown. Notifications get no reply.
    """
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.setsockopt(zmq.LINGER, 0)
    router.bind(f"ipc://{path}")
    stop = context.socket(zmq.PAIR)
    stop.bind("inproc://stop")
    stopper = context.socket(zmq.PAIR)
    stopper.connect("inproc://stop")
    thread = threading.Thread(target=_serve, args=(router, stop))
    thread.start()
    try:
        yield
    finally:
        stopper.send(b"")
        thread.join()
        for socket in (router, stop, stopper):
            socket.close(0)
        context.term()


def _serve(router: "zmq.Socket[bytes]", stop: "zmq.Socket[bytes]") -> None:
    poller = zmq.Poller()
    poller.register(router, zmq.POLLIN)
    poller.register(stop, zmq.POLLIN)
    while True:
        ready = dict(poller.poll())
        if stop in ready:
            return
        peer, *envelope, body = router.recv_multipart()
        for message in _answers(body):
            junk = isinstance(message.get("result"), dict) and message["result"].get("junk")
            frames = [b""] if junk else envelope
            router.send_multipart([peer, *frames, json.dumps(message).encode()])


def _answers(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        request = json.loads(body)
    except ValueError:
        yield _error(None, -32700)
        return
    method, params = request.get("method"), request.get("params", {})
    if method == "event":
        yield {"jsonrpc": "2.0", "method": "event", "params": params}
    if "id" not in request:
        return
    if method in ("echo", "event"):
        yield {"jsonrpc": "2.0", "id": request["id"], "result": params}
    elif method == "junk":
        yield {"jsonrpc": "2.0", "id": request["id"], "result": {"junk": True}}
    else:
        yield _error(request["id"], -32601)


def _error(request_id: object, code: int) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "id": request_id,
        "error": {"code": code, "message": "no", "data": {"name": "E"}},
    }
