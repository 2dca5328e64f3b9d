"""`vexorctl config`: shows, sets, checks; and never a key."""

import io
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vexor_protocol.settings import SETTINGS

from tests.conftest import StartDaemon
from tests.support.waiting import wait_until
from tests.support.xdg import Xdg
from vexorctl.commands import config
from vexorctl.errors import ClientError
from vexorctl.main import command_parser

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(xdg: Xdg, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for one in SETTINGS:
        monkeypatch.delenv(one.variable or "-", raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.chdir(xdg.home)

    def run_it(*words: str) -> tuple[int, str, str]:
        status = config.run(command_parser("config", config).parse_args(words))
        out, err = capsys.readouterr()
        return status, out, err

    return run_it


@pytest.fixture
def file(xdg: Xdg) -> Path:
    return xdg.config / "vexord" / "config.toml"


def shown(run: Run) -> dict[str, tuple[object, str]]:
    _, out, _ = run("--json")
    return {entry["name"]: (entry["value"], entry["origin"]) for entry in json.loads(out)["settings"]}


def test_set_writes_and_what_else_stands_in_the_file_stays(run: Run, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("# mine\n[embedding]\nmodel = 'minilm'   # small\n\n# the end\n")
    run("set", "index.mode", "full", "ignore", "*.log, tmp/")
    text = file.read_text()
    assert text.startswith("# mine\n[embedding]\nmodel = 'minilm'   # small\n")
    assert "# the end\n" in text
    assert shown(run)["index.mode"] == ("full", "config.toml")
    assert shown(run)["index.ignore"] == (["*.log", "tmp/"], "config.toml")
    run("unset", "mode", "index.ignore")
    assert shown(run)["index.mode"] == ("auto", "default")
    assert "# small" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_several_settings_that_need_each_other_are_set_at_once(run: Run, file: Path) -> None:
    with pytest.raises(ClientError, match=r"needs embedding\.base_url"):
        run("set", "provider", "compatible")
    assert not file.exists()
    run("set", "provider", "compatible", "base_url", "http://localhost:1234/v1", "model", "nomic")
    assert shown(run)["embedding.model"] == ("nomic", "config.toml")


@pytest.mark.parametrize(
    ("words", "says", "mend"),
    [
        (("set", "provder", "x"), "no setting 'provder'", "did you mean 'provider'?"),
        (("set", "mode", "ful"), "not one of", "did you mean 'full'?"),
        (("set", "dimensions", "many"), "no whole number", "dimensions = 0"),
        (("set", "mode"), "has no value", "config set NAME VALUE"),
        (("set", "api_key", "sk-1"), "not kept in a settings file", "set-key"),
        (("unset", "nope"), "no setting", "did you mean"),
    ],
)
def test_what_is_wrong_is_refused_with_its_mend(
    run: Run, file: Path, words: tuple[str, ...], says: str, mend: str
) -> None:
    with pytest.raises(ClientError, match=says) as caught:
        run(*words)
    assert mend in caught.value.hint
    assert not file.exists()


def test_a_broken_file_is_not_written_over(run: Run, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("nonsense")
    for words in (("set", "mode", "full"), ("check",), ()):
        with pytest.raises(ClientError, match="not TOML") as caught:
            run(*words)
        assert caught.value.name == "E_CONFIG"
    assert file.read_text() == "nonsense"


def test_a_link_to_the_file_stays_a_link(run: Run, file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.symlink_to(tmp_path / "dotfiles.toml")
    run("set", "mode", "full")
    assert file.is_symlink()
    assert "full" in (tmp_path / "dotfiles.toml").read_text()


def test_a_variable_that_wins_over_what_was_set_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEXORD_MODE", "name")
    _, _, err = run("set", "mode", "full")
    assert "$VEXORD_MODE is set, and wins" in err
    assert shown(run)["index.mode"] == ("name", "$VEXORD_MODE")


def test_a_key_comes_by_a_pipe_and_is_never_shown(
    run: Run, xdg: Xdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("set", "provider", "openai")
    status, _, err = run("check")
    assert (status, "openai needs a key" in err) == (1, True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("sk-secret\n"))
    _, out, err = run("set-key", "openai")
    path = xdg.config / "vexord" / "keys" / "openai"
    assert path.read_text() == "sk-secret\n"
    told = out + err + "".join(run()[1:]) + "".join(run("--json")[1:]) + "".join(run("check")[1:])
    assert "sk-secret" not in told
    assert str(path) in told
    assert run("check")[0] == 0
    assert run("unset-key", "openai")[1].startswith("removed")
    assert not path.exists()


def test_a_projects_file_is_shown_and_what_is_refused_of_it_named(run: Run, xdg: Xdg) -> None:
    (xdg.home / ".vexord.toml").write_text('[index]\nmode = "head"\n[embedding]\nmodel = "m"\n')
    _, out, err = run()
    assert "embedding.model is for your own config.toml" in err
    assert ".vexord.toml" in out
    assert shown(run)["index.mode"] == ("head", ".vexord.toml")
    assert run("check")[0] == 1


def test_the_running_daemon_goes_by_its_own_environment_and_that_is_said(
    run: Run, daemon: StartDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon(env={"VEXORD_MODE": "name"})
    _, _, err = run()
    assert "the daemon goes by index.mode = 'name' ($VEXORD_MODE), this shell says 'auto' (default)" in err
    assert run("check")[0] == 1
    monkeypatch.setenv("VEXORD_MODE", "name")
    assert run("check") == (0, "all settings are right, and the daemon goes by them\n", "")


def test_a_working_folder_that_is_gone_is_named(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(ClientError, match="does not exist any more"):
        run()


def test_a_change_is_taken_on_by_the_running_daemon(run: Run, daemon: StartDaemon) -> None:
    daemon()
    run("set", "ignore", "*.log")
    wait_until(lambda: run("check")[0] == 0, 10, "the daemon has taken it on")
