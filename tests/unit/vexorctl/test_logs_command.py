"""`vexorctl logs` and `vexorctl config`."""

import argparse
import io
import json
import os
import threading
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexorctl.commands import config, logs
from vexorctl.errors import ClientError
from vexorctl.folders import log_file, shared_folders
from vexord.projects.settings import Settings


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    logs.configure(parser)
    return logs.run(parser.parse_args(words))


def test_client_and_daemon_agree_on_every_folder(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (None, "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        if variable is not None:
            monkeypatch.delenv(variable)
        theirs = Settings.load()
        mine = {folder.name: folder.path for folder in shared_folders()}
        assert mine["cache"] == theirs.cache_dir
        assert mine["state"] == theirs.state_dir
        assert mine["config"] == theirs.config_dir
        assert mine["log"] == theirs.log_dir
        assert log_file() == theirs.log_file


def test_the_last_lines_are_printed(xdg: Xdg, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    os.makedirs(os.path.dirname(log_file()))
    Path(log_file()).write_bytes(b"".join(b"line %d\n" % number for number in range(100)))
    assert run("-n", "3") == 0
    assert capfdbinary.readouterr().out == b"line 97\nline 98\nline 99\n"


def test_a_missing_log_is_an_error_with_a_mend(xdg: Xdg) -> None:
    with pytest.raises(ClientError, match="there is no log"):
        run()


def test_following_goes_on_through_a_rotation(tmp_path: Path) -> None:
    class DoneError(Exception):
        pass

    class Sink(io.BytesIO):
        def write(self, data: object) -> int:
            count = super().write(data)  # type: ignore[arg-type]
            if b"last" in self.getvalue():
                raise DoneError
            return count

    path, out = tmp_path / "log", Sink()
    path.write_bytes(b"one\n")

    def follow() -> None:
        with open(path, "rb") as file, pytest.raises(DoneError):
            logs.follow_from(file, str(path), out)

    thread = threading.Thread(target=follow)
    thread.start()
    wait_until(lambda: out.getvalue() == b"one\n")
    with open(path, "ab") as writer:
        writer.write(b"two\n")
    path.rename(tmp_path / "log.1")
    path.write_bytes(b"three\nlast\n")
    thread.join(10)
    assert out.getvalue() == b"one\ntwo\nthree\nlast\n"


def test_config_names_the_origin_of_each_folder(
    xdg: Xdg, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    parser = argparse.ArgumentParser()
    config.configure(parser)
    assert config.run(parser.parse_args(["--json"])) == 0
    folders = {item["name"]: item for item in json.loads(capsys.readouterr().out)["folders"]}
    assert folders["cache"]["origin"] == "default"
    assert folders["state"]["origin"] == "$XDG_STATE_HOME"
    assert config.run(parser.parse_args([])) == 0
    assert folders["runtime"]["path"] in capsys.readouterr().out
