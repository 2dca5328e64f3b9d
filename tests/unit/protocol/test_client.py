"""The client of the tests and tools, after a fork."""

import os
import warnings

import pytest
from vexor_protocol.client import Client

from tests.support.xdg import Xdg


def test_a_client_is_of_no_use_in_a_forked_child_which_is_told_so(xdg: Xdg) -> None:
    client = Client(str(xdg.socket))
    read, write = os.pipe()
    with warnings.catch_warnings(action="ignore"):
        child = os.fork()
    if child == 0:
        said = []
        for use in (lambda: client.request("hello"), client.event):
            try:
                use()
            except RuntimeError as error:
                said.append(str(error))
        client.close()
        os.write(write, "\n".join(said).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        said = pipe.read().splitlines()
    assert os.waitpid(child, 0)[1] == 0
    assert len(said) == 2 and all("make a new Client" in line for line in said)
    with pytest.raises(TimeoutError):
        client.request("hello", timeout=0.05)
    client.close()
