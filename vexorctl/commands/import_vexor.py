"""`vexorctl import-vexor`: takes over the settings, the key and the folders of vexor."""

import argparse
import os
import sys

from vexor_protocol.configuration import FILE_NAME, read_user_file
from vexor_protocol.keys import find_key, store_key
from vexor_protocol.settings import MODES, ConfigError, Value

from vexorctl.config_file import change
from vexorctl.errors import ClientError
from vexorctl.folders import config_dir, working_folder
from vexorctl.from_vexor import Plan, plan
from vexorctl.session import request
from vexorctl.values import JsonObject, text
from vexorctl.vexor_home import VexorHome, read_home

HELP = "take over settings, key and folders from vexor"
EXAMPLES = """\
examples:
  vexorctl import-vexor --dry-run   what would be taken over, and what not
  vexorctl import-vexor

Nothing of vexor is changed. Settings and keys that you have here stay as they are.
Its commands and ours: docs/from-vexor.md
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument("--dry-run", action="store_true", help="change nothing")


def run(args: argparse.Namespace) -> int:
    """Do it; return 1 if a folder was refused."""
    home = read_home(os.environ, working_folder())
    what = plan(home)
    try:
        _take_settings(what, args.dry_run)
        _take_key(home, what, args.dry_run)
    except ConfigError as error:
        raise ClientError(error.message, error.hint, "E_CONFIG") from None
    refused = sum(not _take_folder(folder.root, folder.mode, args.dry_run) for folder in what.folders)
    if what.left:
        print("not taken over:")
        for line in what.left:
            print(f"  {line}")
    if what.settings and what.folders:
        print(f"{what.settings['embedding.provider']} embeds the folders anew; see: vexorctl status")
    return 1 if refused else 0


def _take_settings(what: Plan, dry_run: bool) -> None:
    mine = read_user_file(os.path.join(config_dir(), FILE_NAME))
    taken: dict[str, Value] = {}
    if any(name.startswith("embedding.") for name in mine):
        # All or none: half of theirs and half of ours would be a third thing.
        for name in what.settings:
            print(f"kept yours      {name} = {mine.get(name, '(unset)')}")
    else:
        taken = what.settings
    if taken and not dry_run:
        change(config_dir(), taken)
    for name, value in taken.items():
        print(f"{_did('set', dry_run):<15} {name} = {value}")


def _take_key(home: VexorHome, what: Plan, dry_run: bool) -> None:
    if not what.key_for:
        return
    known = find_key(what.key_for, config_dir())
    if known is not None:
        print(f"kept yours      key of {what.key_for}, from {known.origin}")
    elif dry_run:
        print(f"would keep      key of {what.key_for}")
    else:
        place = store_key(what.key_for, str(home.settings["api_key"]), config_dir())
        print(f"kept            key of {what.key_for}, in {place}")


def _take_folder(root: str, mode: str, dry_run: bool) -> bool:
    shown = f" in mode {mode}" if mode != "auto" and mode in MODES else ""
    if dry_run:
        print(f"would register  {root}{shown}")
        return True
    params: JsonObject = {"path": root, "mode": mode} if shown else {"path": root}
    try:
        reply = request("register", params)
    except ClientError as error:
        if not error.name:
            raise
        print(f"vexorctl: {root}: {error.message}\n  hint: {error.hint}", file=sys.stderr)
        return False
    if text(reply, "covered_by"):
        print(f"covered         {root}, by {text(reply, 'project')}")
    else:
        print(f"{'registered' if reply.get('created') else 'was registered':<15} {root}{shown}")
    return True


def _did(what: str, dry_run: bool) -> str:
    return f"would {what}" if dry_run else what
