"""The indexer process: started with a channel, heard through the log, ended with its channel."""

import logging
import os
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexord.embed.choice import Embedding
from vexord.link.channel import Channel
from vexord.link.messages import Hello, ToIndexer, ToServer
from vexord.supervise.processes import relay_lines, spawn_indexer


def test_the_indexer_says_hello_and_ends_with_its_channel(xdg: Xdg) -> None:
    (xdg.runtime / "vexord").mkdir(mode=0o700)
    handle = spawn_indexer(Embedding())
    channel: Channel[ToIndexer, ToServer] = Channel(handle.sock, ToServer)  # type: ignore[arg-type]
    heard: list[ToServer] = []

    def greeted() -> bool:
        heard.extend(channel.receive())
        return any(isinstance(message, Hello) and message.pid == handle.pid for message in heard)

    wait_until(greeted, 20, "hello of the indexer")
    assert handle.poll() is None
    channel.close()
    assert wait_until(lambda: handle.poll() is not None, 10, "end of the indexer")
    assert handle.poll() == 0


def test_lines_keep_level_and_name_and_tracebacks_stay_with_their_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read, write = os.pipe()
    os.write(write, b"INFO vexord.ingest.watch up\nERROR vexord.ingest.project broken \xff\nTraceback: x\n")
    os.write(write, b"x" * 40_000)
    os.close(write)
    with caplog.at_level(logging.INFO), open(read, "rb") as stream:
        relay_lines(stream)
    seen = [(entry.levelname, entry.name, entry.getMessage()) for entry in caplog.records]
    assert seen[0] == ("INFO", "vexord.ingest.watch", "up")
    assert seen[1] == ("ERROR", "vexord.ingest.project", "broken \\xff")
    assert seen[2] == ("ERROR", "vexord.ingest.project", "Traceback: x")
    assert seen[3][0] == "ERROR"
    assert sum(len(message) for _, _, message in seen[3:]) == 40_000


def test_the_interpreters_own_words_are_no_mere_information(caplog: pytest.LogCaptureFixture) -> None:
    read, write = os.pipe()
    os.write(write, b"INFO vexord.ingest.indexer up\nFatal Python error: Segmentation fault\n")
    os.close(write)
    with caplog.at_level(logging.INFO), open(read, "rb") as stream:
        relay_lines(stream)
    assert [entry.levelname for entry in caplog.records] == ["INFO", "WARNING"]
