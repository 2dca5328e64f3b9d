"""Everything but a plain search: help, versions, and the commands, each imported when it is used."""

import argparse
import os
import sys
from importlib import import_module
from typing import Protocol, cast

from vexorctl.commands import COMMANDS
from vexorctl.errors import ClientError
from vexorctl.fast import EXIT_ERROR, EXIT_HITS, EXIT_INTERRUPTED, complain
from vexorctl.report import internal_error

WELCOME = """\
vexorctl searches your code by meaning and by name.

  vexorctl "where is the socket bound"   search the project of this folder
  vexorctl search parse_header -k 3      the same, with options
  vexorctl status                        what the daemon does
  vexorctl --help                        all commands

The first search in a folder indexes it; after that every saved file is in the next answer.
"""
EPILOG = """\
examples:
  vexorctl "retry with backoff"       search the project of this folder
  vexorctl search --json open file    one JSON object a line, for programs
  vexorctl add ~/src/linux --wait     index a folder ahead of its first search
  vexorctl doctor                     what could go wrong, with the mends

exit status: 0 hits, 1 none, 2 error. More on a command: vexorctl COMMAND --help
environment: NO_COLOR, VEXORCTL_NO_SPAWN=1 (never start the daemon),
VEXORCTL_DEBUG=1 (tracebacks), VEXORD_* (settings: vexorctl config --help)
"""


class CommandModule(Protocol):
    """What a module of `commands` offers."""

    HELP: str

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own flags."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; return the exit status.

        Raises:
            ClientError: what is wrong, and what mends it.
        """
        ...


def main(arguments: list[str]) -> int:
    """Run a command; return the exit status. Says errors on standard error; never shows a traceback."""
    try:
        status = _dispatch(arguments)
        sys.stdout.flush()
    except ClientError as error:
        status = complain(error)
    except BrokenPipeError:
        status = EXIT_HITS
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    except SystemExit as end:  # argparse, after help or a mistake
        sys.stdout.flush()
        status = end.code if isinstance(end.code, int) else EXIT_ERROR
    except Exception as error:
        status = internal_error(error)
    return status


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        print(WELCOME, end="")
        return EXIT_HITS
    first, rest = arguments[0], arguments[1:]
    if first in ("--version", "-V"):
        first = "version"
    if first in ("help", "-h", "--help"):
        if first != "help" or not rest:
            _overview().print_help()
            return EXIT_HITS
        first, rest = rest[0], ["--help"]
        if first not in COMMANDS:
            raise ClientError(f"there is no command {first!r}", "all commands: vexorctl --help")
    if first not in COMMANDS:
        # Not a command: a query, whose options the fast road did not like. Its parser says why.
        first, rest = "search", arguments
    module = load(first)
    args = command_parser(first, module).parse_args(rest)
    if args.no_spawn:
        os.environ["VEXORCTL_NO_SPAWN"] = "1"
    return module.run(args)


def load(name: str) -> CommandModule:
    """Import the module of a command."""
    return cast(CommandModule, import_module(COMMANDS[name]))


def command_parser(name: str, module: CommandModule) -> argparse.ArgumentParser:
    """Return the parser of one command, with the flags that all commands have."""
    parser = argparse.ArgumentParser(
        prog=f"vexorctl {name}",
        description=f"{module.HELP[:1].upper()}{module.HELP[1:]}.",
        epilog=getattr(module, "EXAMPLES", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.configure(parser)
    common = parser.add_argument_group("common options")
    common.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours (default: on a terminal)",
    )
    common.add_argument("--no-spawn", action="store_true", help="do not start the daemon if none runs")
    return parser


def _overview() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vexorctl",
        usage='vexorctl "QUERY" [OPTIONS]\n       vexorctl COMMAND [OPTIONS]',
        description="Search your code by meaning and by name.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version")
    commands = parser.add_argument_group("commands")
    for name in COMMANDS:
        commands.add_argument(name, help=load(name).HELP.replace("%", "%%"))
    return parser
