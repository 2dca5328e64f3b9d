"""Completion scripts: accepted by the shells, and complete what the parsers accept."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from vexorctl.commands import completion
from vexorctl.commands.completion import bash, describe, fish, zsh

COMMANDS = {
    "service": "vexorctl.commands.service",
    "logs": "vexorctl.commands.logs",
    "completion": "vexorctl.commands.completion",
}


def complete(*words: str) -> list[str]:
    """What bash offers for the last of `words`."""
    line = " ".join(f"'{word}'" for word in words)
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _vexorctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    script = f"{bash(describe(COMMANDS))}\n{ask}\n"
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("make", [bash, zsh, fish])
def test_each_shell_that_is_here_accepts_its_script(make: Callable[..., str]) -> None:
    shell = make.__name__
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    flag = "--no-execute" if shell == "fish" else "-n"
    done = subprocess.run(
        [shell, flag], input=make(describe(COMMANDS)), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_offers_commands_actions_flags_and_choices() -> None:
    assert complete("vexorctl", "se") == ["service"]
    assert complete("vexorctl", "service", "un") == ["uninstall"]
    assert complete("vexorctl", "logs", "--") == ["--help", "--follow", "--lines"]
    assert complete("vexorctl", "completion", "") == list(completion.SHELLS)


@pytest.mark.parametrize("make", [bash, zsh, fish])
def test_every_command_and_flag_is_in_every_script(make: Callable[..., str]) -> None:
    script = make(describe(COMMANDS))
    for word in (*COMMANDS, "install", "follow", "no-start", "json"):
        assert word in script


def test_quotes_and_brackets_in_help_texts_are_harmless() -> None:
    flag = completion.Flag(("--it's",), True, (), "don't [stop] 50%% \\ here: now")
    command = completion.Command("odd", "it's 'odd'", (flag,), ())
    assert "50% " in zsh([command])
    assert "\\[stop\\]" in zsh([command])
    assert "'it\\'s \\'odd\\''" in fish([command])
