"""Replies to peers that read slowly, not at all, or no more."""

import errno

import pytest
import zmq

from vexord.server.outbox import MAX_BYTES_PER_PEER, PATIENCE_S, Outbox
from vexord.server.socket import Peer
from vexord.server.timers import Timers

SLOW, OTHER = Peer(b"slow", enveloped=False), Peer(b"other", enveloped=True)


class Pipe:
    """Takes `room` messages of the slow peer, and every message of others."""

    def __init__(self) -> None:
        self.room = 0
        self.gone = False
        self.sent: list[bytes] = []
        self.now = 0.0
        self.timers = Timers()
        self.outbox = Outbox(self._send, self.timers, lambda: self.now)

    def _send(self, peer: Peer, body: bytes) -> None:
        if peer is SLOW:
            if self.gone:
                raise zmq.ZMQError(errno.EHOSTUNREACH)
            if self.room == 0:
                raise zmq.Again
            self.room -= 1
        self.sent.append(body)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (wait := self.timers.next_in(self.now)) is not None and self.now + wait <= end:
            self.now += wait + 1e-9
            for timer in self.timers.take_due(self.now):
                timer.fire()
        self.now = end


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


def test_replies_wait_in_order_and_hold_up_nobody_else(pipe: Pipe) -> None:
    for number in range(5):
        pipe.outbox.send(SLOW, b"%d" % number)
    pipe.outbox.send(OTHER, b"other")
    assert pipe.sent == [b"other"]
    pipe.room = 2
    pipe.run(1.0)
    assert pipe.sent[1:] == [b"0", b"1"]
    pipe.room = 9
    pipe.outbox.send(SLOW, b"5")
    pipe.run(1.0)
    assert pipe.sent[3:] == [b"2", b"3", b"4", b"5"]
    assert (len(pipe.outbox), pipe.timers.next_in(pipe.now)) == (0, None)


def test_memory_for_one_peer_is_bounded(pipe: Pipe) -> None:
    body = bytes(MAX_BYTES_PER_PEER // 4)
    for _ in range(20):
        pipe.outbox.send(SLOW, body)
    pipe.room = 100
    pipe.run(1.0)
    assert len(pipe.sent) == 4


def test_one_reply_larger_than_the_bound_is_kept(pipe: Pipe) -> None:
    pipe.outbox.send(SLOW, bytes(2 * MAX_BYTES_PER_PEER))
    pipe.room = 1
    pipe.run(1.0)
    assert len(pipe.sent) == 1


def test_a_peer_that_never_reads_is_given_up(pipe: Pipe) -> None:
    pipe.outbox.send(SLOW, b"x")
    pipe.run(PATIENCE_S + 1)
    assert (len(pipe.outbox), pipe.timers.next_in(pipe.now)) == (0, None)


def test_a_peer_that_has_gone_is_forgotten(pipe: Pipe) -> None:
    pipe.outbox.send(SLOW, b"x")
    pipe.gone = True
    pipe.run(1.0)
    assert len(pipe.outbox) == 0
    pipe.outbox.send(SLOW, b"y")
    assert (pipe.sent, len(pipe.outbox)) == ([], 0)
