"""Who has gone, as the ROUTER's owner tells it: numbers of descriptors are used again."""

import os
from collections.abc import Iterator

import pytest
import zmq
from vexor_protocol.locations import ensure_runtime_dir, socket_path

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.server.socket import RouterSocket


@pytest.fixture
def router(xdg: Xdg) -> Iterator[RouterSocket]:
    ensure_runtime_dir()
    socket = RouterSocket(socket_path())
    socket.bind()
    yield socket
    socket.close()


def asking(context: "zmq.Context[zmq.Socket[bytes]]", router: RouterSocket) -> "zmq.Socket[bytes]":
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    dealer.connect(f"ipc://{router.path}")
    dealer.send(b"question")
    return dealer


def received(router: RouterSocket) -> bytes:
    return wait_until(router.receive)[0]


def drained(router: RouterSocket) -> None:
    poller = zmq.Poller()
    router.register(poller)
    router.read_monitor(dict(poller.poll(0)))


def test_a_peer_that_goes_is_told_once_and_those_that_stay_are_not(router: RouterSocket) -> None:
    with zmq.Context() as context, asking(context, router) as staying:
        with asking(context, router):
            first, second = received(router), received(router)
        wait_until(lambda: (drained(router), router.peers == 1)[1])
        assert len(gone := router.take_gone()) == 1 and gone[0] in (first, second)
        assert router.take_gone() == []
        staying.send(b"again")
        assert received(router) in {first, second} - set(gone)
        assert router.take_gone() == []


def test_a_new_peer_on_the_number_of_one_that_went_is_not_taken_for_it(router: RouterSocket) -> None:
    """Nobody has read yet of the old one's end when the new one's question comes."""
    with zmq.Context() as context:
        with asking(context, router):
            old = received(router)
            descriptors = os.listdir("/proc/self/fd")
        wait_until(lambda: len(os.listdir("/proc/self/fd")) < len(descriptors))
        with asking(context, router):
            new = received(router)
            drained(router)
            assert old != new
            assert router.take_gone() == [old]


def test_a_message_of_a_peer_that_has_gone_already_is_read_and_its_end_told(router: RouterSocket) -> None:
    with zmq.Context() as context:
        with asking(context, router) as leaving:
            leaving.setsockopt(zmq.LINGER, 1_000)
        wait_until(lambda: (drained(router), router.peers == 0)[1])
        identity, frames = wait_until(router.receive)
        assert frames == [b"question"]
        assert router.take_gone() == [identity]


def test_all_are_gone_when_all_were_dropped(router: RouterSocket) -> None:
    with zmq.Context() as context, asking(context, router), asking(context, router):
        both = {received(router), received(router)}
        router.shed()
        assert set(router.take_gone()) == both
