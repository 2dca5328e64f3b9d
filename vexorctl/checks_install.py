"""Checks of the installation: settings, keys, the model's files, programs, the service, the log."""

import importlib.util
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from vexor_protocol.configuration import FILE_NAME, load
from vexor_protocol.keys import FOLDER_NAME, VARIABLES, find_key
from vexor_protocol.settings import ConfigError

from vexorctl.findings import Finding
from vexorctl.folders import config_dir, log_file
from vexorctl.managers import manager
from vexorctl.unit_files import daemon_command

MODEL_FILES = ("rows.npy", "weights.npy", "words.txt")
_PROGRAMS = ("vexorctl", "vexord")
_KEYLESS = ("compatible", "azure")
_RECENT = timedelta(days=1)
_TAIL_BYTES = 4_000_000


def settings() -> Iterator[Finding]:
    """The settings file and the variables are right: with wrong ones no daemon starts."""
    try:
        load(config_dir())
    except ConfigError as error:
        yield Finding("settings", "fail", error.message, error.hint)
    else:
        path = os.path.join(config_dir(), FILE_NAME)
        yield Finding("settings", "ok", f"{path} and the variables are right")


def keys() -> Iterator[Finding]:
    """Key files are the user's alone, and a provider that was chosen has a key."""
    folder = os.path.join(config_dir(), FOLDER_NAME)
    closed = True
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        info = os.lstat(path)
        if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
            closed = False
            yield Finding(
                "keys", "fail", f"{path} is open to other users; it is not used", f"chmod 600 {path}"
            )
    try:
        chosen = load(config_dir())
        provider, address = (str(chosen[f"embedding.{key}"].value) for key in ("provider", "base_url"))
        found = find_key(provider, config_dir())
    except ConfigError:
        return  # told above
    if provider in VARIABLES and provider not in _KEYLESS and found is None:
        yield Finding(
            "keys", "fail", f"the provider {provider} has no key", f"vexorctl config set-key {provider}"
        )
    elif address.startswith("http://") and not _is_here(urlsplit(address).hostname or ""):
        message = f"texts{' and the key' if found is not None else ''} go to {address} unencrypted"
        yield Finding("keys", "warn", message, "use https, or a tunnel to it")
    elif closed:
        needed = f"that of {provider} is from {found.origin}" if found is not None else "none is needed"
        yield Finding("keys", "ok", needed)


def _is_here(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1"


def model_files() -> Iterator[Finding]:
    """The embedded model's files came with the installation, whole."""
    mend = "pip install --force-reinstall vexord"
    spec = importlib.util.find_spec("vexord")  # finds, does not import
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    folder = os.path.join(places[0] if places else "", "embed", "model")
    try:
        with open(os.path.join(folder, "model.json"), encoding="utf-8") as file:
            sums = json.load(file)["checksums"]
        wrong = [name for name in MODEL_FILES if _checksum(os.path.join(folder, name)) != sums[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        missing = getattr(error, "filename", None) or os.path.join(folder, "model.json")
        yield Finding("model", "fail", f"{missing} is missing or cannot be read", mend)
        return
    if wrong:
        yield Finding(
            "model", "fail", f"damaged (the checksum differs): {', '.join(wrong)} in {folder}", mend
        )
    else:
        yield Finding("model", "ok", "the embedded model's files are whole")


def programs() -> Iterator[Finding]:
    """The programs that a shell finds are those of this installation."""
    mine = os.path.dirname(os.path.realpath(sys.argv[0]))
    if os.path.basename(sys.argv[0]) not in _PROGRAMS:  # python -m vexorctl
        mine = os.path.dirname(sys.executable)
    strange = []
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found is not None and os.path.realpath(found) != os.path.realpath(os.path.join(mine, name)):
            strange.append(found)
    if strange:
        message = f"PATH leads to {' and '.join(strange)}, this is the installation in {mine}"
        yield Finding("programs", "warn", message, "remove one of the two, or change the order of PATH")
    else:
        yield Finding("programs", "ok", f"no other installation comes first on PATH; this one is in {mine}")


def service_unit() -> Iterator[Finding]:
    """An installed unit starts a program that exists, and is of this installation."""
    state = manager().state()
    mend = "vexorctl service install"
    program = state.command[0] if state.command else "nothing"
    if not state.installed:
        yield Finding("service", "ok", "not installed; the daemon starts with the first search")
    elif state.stale:
        yield Finding("service", "fail", f"{state.unit_file} starts {program}, which is not there", mend)
    elif os.path.realpath(program) != os.path.realpath(daemon_command()[0]):
        yield Finding("service", "warn", f"{state.unit_file} starts {program}, of another installation", mend)
    else:
        yield Finding("service", "ok", f"{state.unit_file} starts {' '.join(state.command)}")


def log_errors() -> Iterator[Finding]:
    """Errors that the log tells of the last day."""
    try:
        with open(log_file(), "rb") as file:
            file.seek(-min(_TAIL_BYTES, os.fstat(file.fileno()).st_size), os.SEEK_END)
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return
    since = (datetime.now(UTC) - _RECENT).strftime("%Y-%m-%dT%H:%M:%S")
    words = [line.split(" ", 3) for line in lines]
    errors = [one for one in words if len(one) > 3 and one[0] >= since and one[1] in ("error", "critical")]
    if errors:
        message = f"{len(errors):,} in the last day, the latest at {errors[-1][0]} by {errors[-1][2]}"
        yield Finding("errors logged", "warn", message, "vexorctl logs")
    else:
        yield Finding("errors logged", "ok", "none in the last day")


def _checksum(path: str) -> str:
    import xxhash

    digest = xxhash.xxh3_64()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
