"""`vexorctl completion`: scripts for bash, zsh and fish, made from the commands' own parsers."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

HELP = "print a completion script for a shell"
SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True, slots=True)
class Flag:
    """An option of a command, as a shell must know it."""

    names: tuple[str, ...]
    takes_value: bool
    choices: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command, as a shell must know it."""

    name: str
    help: str
    flags: tuple[Flag, ...]
    words: tuple[str, ...]
    """What may stand as its first argument: names of actions, or the choices of a positional."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to print a script for")


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from vexorctl.commands import COMMANDS

    print({"bash": bash, "zsh": zsh, "fish": fish}[args.shell](describe(COMMANDS)), end="")
    return 0


def describe(commands: dict[str, str]) -> list[Command]:
    """Read each command's parser; `commands` maps names to modules."""
    described = []
    for name, module_name in commands.items():
        module = import_module(module_name)
        parser = argparse.ArgumentParser(prog=f"vexorctl {name}", add_help=True)
        module.configure(parser)
        described.append(_describe(name, module.HELP, parser))
    return described


def _describe(name: str, text: str, parser: argparse.ArgumentParser) -> Command:
    flags: dict[str, Flag] = {}
    words: tuple[str, ...] = ()
    pending = [parser]
    while pending:
        for action in pending.pop()._actions:  # argparse has no public way to read a parser back
            if isinstance(action, argparse._SubParsersAction):
                words = tuple(action.choices)
                pending += action.choices.values()
            elif action.option_strings and action.help is not argparse.SUPPRESS:
                flag = _flag(action)
                flags[flag.names[0]] = flag
            elif action.choices and not words:
                words = tuple(map(str, action.choices))
    return Command(name, text, tuple(flags.values()), words)


def _flag(action: argparse.Action) -> Flag:
    choices = tuple(map(str, action.choices)) if action.choices else ()
    return Flag(tuple(action.option_strings), action.nargs != 0, choices, action.help or "")


def bash(commands: list[Command]) -> str:
    """Return the script for bash."""
    cases = []
    for command in commands:
        names = " ".join(name for flag in command.flags for name in flag.names)
        cases.append(f"    {command.name}) flags='{names}'; words='{' '.join(command.words)}' ;;")
    values = [
        f"    {command.name}:{name}) {_bash_reply(flag.choices)}; return ;;"
        for command in commands
        for flag in command.flags
        if flag.choices
        for name in flag.names
    ]
    return "\n".join(
        [
            "# vexorctl completion for bash; made by: vexorctl completion bash",
            "_vexorctl() {",
            '  local word="${COMP_WORDS[COMP_CWORD]}" last="${COMP_WORDS[COMP_CWORD-1]}"',
            '  local command="${COMP_WORDS[1]}"',
            "  local flags='' words=''",
            "  if ((COMP_CWORD == 1)); then",
            f"    {_bash_reply(command.name for command in commands)}",
            "    return",
            "  fi",
            '  case "$command:$last" in',
            *values,
            "    *) ;;",
            "  esac",
            '  case "$command" in',
            *cases,
            "    *) ;;",
            "  esac",
            "  if [[ $word == -* ]]; then",
            '    COMPREPLY=($(compgen -W "$flags" -- "$word"))',
            "  elif ((COMP_CWORD == 2)) && [[ -n $words ]]; then",
            '    COMPREPLY=($(compgen -W "$words" -- "$word"))',
            "  else",
            '    COMPREPLY=($(compgen -f -- "$word"))',
            "  fi",
            "}",
            "complete -o filenames -F _vexorctl vexorctl",
            "",
        ]
    )


def zsh(commands: list[Command]) -> str:
    """Return the script for zsh."""
    listed = [f"    {_zsh_quote(f'{c.name}:{c.help}')}" for c in commands]
    cases = []
    for command in commands:
        specs = [_zsh_flag(flag, name) for flag in command.flags for name in flag.names]
        specs.append(
            _zsh_quote(f"*:argument:({' '.join(command.words)})" if command.words else "*:file:_files")
        )
        cases.append(f"    {command.name}) _arguments {' '.join(specs)} ;;")
    return "\n".join(
        [
            "#compdef vexorctl",
            "# vexorctl completion for zsh; made by: vexorctl completion zsh",
            "_vexorctl() {",
            "  local -a commands",
            "  commands=(",
            *listed,
            "  )",
            "  if ((CURRENT == 2)); then",
            "    _describe command commands",
            "    return",
            "  fi",
            "  local command=$words[2]",
            "  shift words",
            "  ((CURRENT--))",
            "  case $command in",
            *cases,
            "  esac",
            "}",
            'if [[ $funcstack[1] == _vexorctl ]]; then _vexorctl "$@"; else compdef _vexorctl vexorctl; fi',
            "",
        ]
    )


def fish(commands: list[Command]) -> str:
    """Return the script for fish."""
    lines = [
        "# vexorctl completion for fish; made by: vexorctl completion fish",
        f"set -l commands {' '.join(command.name for command in commands)}",
        'complete -c vexorctl -n "not __fish_seen_subcommand_from $commands" -f',
    ]
    for command in commands:
        lines.append(
            f'complete -c vexorctl -n "not __fish_seen_subcommand_from $commands" '
            f"-a {command.name} -d {_fish_quote(command.help)}"
        )
        seen = f'-n "__fish_seen_subcommand_from {command.name}"'
        if command.words:
            lines.append(f"complete -c vexorctl {seen} -f -a {_fish_quote(' '.join(command.words))}")
        for flag in command.flags:
            names = " ".join(f"-{'l' if n.startswith('--') else 's'} {n.lstrip('-')}" for n in flag.names)
            value = (
                f" -x -a {_fish_quote(' '.join(flag.choices))}" if flag.choices else " -r" * flag.takes_value
            )
            lines.append(f"complete -c vexorctl {seen} {names}{value} -d {_fish_quote(_plain(flag.help))}")
    return "\n".join([*lines, ""])


def _bash_reply(words: Iterable[str]) -> str:
    return f"COMPREPLY=($(compgen -W '{' '.join(words)}' -- \"$word\"))"


def _plain(text: str) -> str:
    return text.replace("%%", "%")


def _zsh_flag(flag: Flag, name: str) -> str:
    text = _plain(flag.help).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
    value = f":value:({' '.join(flag.choices)})" if flag.choices else ":value:_files" * flag.takes_value
    return _zsh_quote(f"{name}[{text}]{value}")


def _zsh_quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
