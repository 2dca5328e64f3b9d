"""Changes `config.toml` so that what else stands in it, comments too, stays as it is."""

import os
from collections.abc import Mapping, Sequence

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table
from vexor_protocol.configuration import FILE_NAME, layered, values_of
from vexor_protocol.settings import ConfigError, Setting, Value


def change(config_dir: str, values: Mapping[str, Value], without: Sequence[Setting] = ()) -> bool:
    """Set some settings, by name, and take others out; return whether the file is another one now.

    Raises:
        ConfigError: the file, as it is or as it would be, is not right; it cannot be read or written.
    """
    path = os.path.realpath(os.path.join(config_dir, FILE_NAME))  # a link stays a link
    before = _read(path)
    try:
        document = tomlkit.parse(before)
    except TOMLKitError as error:
        raise ConfigError(f"{path} is not TOML: {error}", "mend that line, or move the file away") from None
    for one in without:
        table = document.get(one.table)
        if isinstance(table, Table) and one.key in table:
            del table[one.key]
    for name, value in values.items():
        table_name, _, key = name.partition(".")
        if table_name not in document:
            document[table_name] = tomlkit.table()
        table = document[table_name]
        if not isinstance(table, Table):
            raise ConfigError(f"{path}: {table_name} is not a table", f"write it as [{table_name}]")
        table[key] = list(value) if isinstance(value, tuple) else value
    after = tomlkit.dumps(document)
    if after == before:
        return False
    layered(values_of(path, after.encode()), {})
    _write(path, after)
    return True


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", f"mend its rights: chmod 600 {path}") from None


def _write(path: str, content: str) -> None:
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.getpid()}.new"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise ConfigError(message, f"mend the rights of {folder}") from None
