"""`vexorctl config`: the settings in effect and what sets each; changes them, checks them, keeps keys."""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from vexor_protocol.configuration import FILE_NAME, Found, ProjectFile, load, read_project_file, with_project
from vexor_protocol.keys import VARIABLES, find_key, forget_key, store_key
from vexor_protocol.settings import KEY_VARIABLE, SETTINGS, ConfigError, Value, from_text, setting

from vexorctl.errors import ClientError
from vexorctl.folders import config_dir, shared_folders, working_folder
from vexorctl.session import request
from vexorctl.values import JsonObject, members, text

_TABLE = "".join(
    f"  {one.name:<30} {one.help}{f' (${one.variable})' if one.variable else ''}\n" for one in SETTINGS
)
HELP = "show, set and check the settings; keep the key of a provider"
EXAMPLES = f"""\
examples:
  vexorctl config                                  every setting and what sets it
  vexorctl config set provider openai              in config.toml; comments in it stay
  vexorctl config set provider compatible base_url http://localhost:1234/v1 model nomic-embed-text
  vexorctl config unset provider
  vexorctl config set-key openai                   asks for the key, or reads it from a pipe

A later one wins: default, config.toml, the project's .vexord.toml (index.* only),
environment, flags. The running daemon takes a changed config.toml on by itself.

settings:
{_TABLE}"""
_ASK_TIMEOUT_S = 3.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    change = actions.add_parser("set", help="write settings to config.toml")
    change.add_argument("pairs", nargs="+", metavar="NAME VALUE", help="settings and their values")
    unset = actions.add_parser("unset", help="take settings out of config.toml")
    unset.add_argument("names", nargs="+", metavar="NAME", help="settings")
    actions.add_parser("check", help="say whether all is right, and whether the daemon has taken it on")
    keep = actions.add_parser(
        "set-key", help="keep a provider's key, in the keyring or a file of yours alone"
    )
    keep.add_argument("provider", choices=tuple(VARIABLES))
    keep.add_argument("--file", action="store_true", help="in the file, though there is a keyring")
    forget = actions.add_parser("unset-key", help="remove a provider's key from keyring and file")
    forget.add_argument("provider", choices=tuple(VARIABLES))


def run(args: argparse.Namespace) -> int:
    """Do what was asked; `check` returns 1 if the daemon goes by something else."""
    try:
        match args.action:
            case "set":
                return _set(args.pairs)
            case "unset":
                return _change({}, args.names)
            case "check":
                return _check()
            case "set-key":
                return _set_key(args.provider, args.file)
            case "unset-key":
                found = forget_key(args.provider, config_dir())
                print(f"removed the key of {args.provider}" if found else "there was none")
                return 0
        return _show(args.json)
    except ConfigError as error:
        raise ClientError(error.message, error.hint, "E_CONFIG") from None


# --- showing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _View:
    """Everything that `config` and `config check` tell."""

    found: dict[str, Found]
    """As it holds in the project around the working folder."""
    root: str | None
    """That project's root."""
    refused: tuple[str, ...]
    """What of its own file was not applied."""
    key: tuple[str, str]
    """Whether there is a key, and where; never the key."""
    daemon: JsonObject | None
    """What the daemon says of itself; None if none runs."""
    differing: list[str]
    """Where the daemon goes by something else, and why."""

    @classmethod
    def now(cls) -> "_View":
        daemon, mine = _status(), load(config_dir())
        root, project = _project(daemon)
        found = with_project(mine, project)
        key = _key(str(found["embedding.provider"].value))
        return cls(found, root, project.problems, key, daemon, _differing(mine, daemon))


def _show(as_json: bool) -> int:
    folders, view = shared_folders(), _View.now()
    if as_json:
        shown = {
            "folders": [dataclasses.asdict(one) for one in folders],
            "settings": [{"name": name, "value": _plain(one.value), "origin": one.origin}
                         for name, one in view.found.items()],
            "key": {"state": view.key[0], "origin": view.key[1]},
            "project": view.root,
            "refused": list(view.refused),
            "daemon_differs": view.differing,
        }  # fmt: skip
        print(json.dumps(shown))
        return 0
    width = max(len(folder.path) for folder in folders)
    for folder in folders:
        print(f"{folder.name:<8} {folder.path:<{width}}  {folder.origin:<16} {folder.holds}")
    print()
    rows = [(name, _shown(one.value), one.origin) for name, one in view.found.items()]
    rows.append(("key", *view.key))
    width = max(len(value) for _, value, _ in rows)
    for name, value, origin in rows:
        print(f"{name:<30} {value:<{width}}  {origin}")
    for line in (*view.refused, *view.differing):
        print(f"vexorctl: {line}", file=sys.stderr)
    return 0


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "-"
    return str(value) if value not in ("", 0) else "-"


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _key(provider: str) -> tuple[str, str]:
    if provider not in VARIABLES:
        return "not needed", "-"
    found = find_key(provider, config_dir())
    return ("set", found.origin) if found is not None else ("not set", f"vexorctl config set-key {provider}")


def _status() -> JsonObject | None:
    try:
        return request("status", {}, _ASK_TIMEOUT_S, start=False)
    except ClientError:
        return None


def _project(daemon: JsonObject | None) -> tuple[str | None, ProjectFile]:
    here = working_folder()
    roots = [text(project, "project") for project in members(daemon or {}, "projects")]
    around = [root for root in roots if here == root or here.startswith(root.rstrip("/") + "/")]
    root = max(around, key=len, default=None)
    return root, read_project_file(root or here)


def _differing(mine: dict[str, Found], daemon: JsonObject | None) -> list[str]:
    problems = [entry for entry in members(daemon or {}, "degraded") if entry.get("name") == "settings"]
    lines = [text(entry, "message") for entry in problems]
    for told in members(daemon or {}, "settings"):
        name, value, theirs = text(told, "name"), told.get("value"), text(told, "origin")
        one = mine.get(name)
        if one is None or _plain(one.value) == value:
            continue
        if theirs.startswith("$") or one.origin.startswith("$"):
            lines.append(
                f"the daemon goes by {name} = {value!r} ({theirs}), this shell says {one.value!r}"
                f" ({one.origin}); to have the daemon take this shell's: vexorctl restart"
            )
        elif not problems:
            lines.append(f"the daemon has not taken {name} = {one.value!r} on yet; ask again in a moment")
    return lines


# --- changing ----------------------------------------------------------------------------------------------


def _set(pairs: Sequence[str]) -> int:
    if len(pairs) % 2:
        raise ClientError(f"{pairs[-1]} has no value", "write: vexorctl config set NAME VALUE", "E_USAGE")
    values: dict[str, Value] = {}
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        one = setting(name)
        values[one.name] = from_text(one, value, one.name)
    return _change(values, ())


def _change(values: dict[str, Value], names: Sequence[str]) -> int:
    from vexorctl.config_file import change

    without = [setting(name) for name in names]
    changed = change(config_dir(), values, without)
    print(f"{'wrote' if changed else 'nothing to change in'} {os.path.join(config_dir(), FILE_NAME)}")
    for name in (*values, *(one.name for one in without)):
        one = load(config_dir())[name]
        if one.origin.startswith("$"):
            print(f"vexorctl: {one.origin} is set, and wins over the file here", file=sys.stderr)
    return 0


def _check() -> int:
    view = _View.now()
    problems = [*view.refused, *view.differing]
    provider = str(view.found["embedding.provider"].value)
    if view.key[0] == "not set" and provider != "compatible":  # a server of one's own may ask for none
        problems.append(f"{provider} needs a key; run: {view.key[1]}")
    for line in problems:
        print(f"vexorctl: {line}", file=sys.stderr)
    if not problems:
        print("all settings are right" + (", and the daemon goes by them" if view.daemon is not None else ""))
    return 1 if problems else 0


def _set_key(provider: str, in_file: bool) -> int:
    """Read the key from the terminal, unseen, or from a pipe: on a command line, others could see it."""
    if sys.stdin.isatty():
        from getpass import getpass

        value = getpass(f"key of {provider}: ")
    else:
        value = sys.stdin.readline()
    place = store_key(provider, value, config_dir(), in_file=in_file)
    print(f"kept the key of {provider} in {'the keyring' if place == 'keyring' else place}")
    shadowing = [name for name in (KEY_VARIABLE, *VARIABLES[provider]) if os.environ.get(name, "").strip()]
    if shadowing:
        print(f"vexorctl: ${shadowing[0]} is set, and wins over it", file=sys.stderr)
    elif place == "keyring" and _status() is not None:
        print("the daemon takes it on after: vexorctl restart")
    return 0
