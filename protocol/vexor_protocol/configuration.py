"""What is set, and by what: defaults, `config.toml`, `.vexord.toml`, variables; later ones win."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from vexor_protocol.settings import (
    DEFAULT_MODELS,
    KEY_HINT,
    SETTINGS,
    ConfigError,
    Setting,
    Value,
    checked,
    from_text,
    is_key_name,
    nearest,
    quoted,
)

FILE_NAME = "config.toml"
PROJECT_FILE_NAME = ".vexord.toml"
MAX_FILE_BYTES = 256 << 10
DEFAULT, REGISTERED = "default", "vexorctl add --mode"


@dataclass(frozen=True, slots=True)
class Found:
    """A value in effect and what set it: `default`, a file's name, or `$VARIABLE`."""

    value: Value
    origin: str


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What a project's own file may say, and what it may not."""

    values: Mapping[str, Value] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    """What of the file was not applied, and why; the rest was."""


def load(config_dir: str, environment: Mapping[str, str] = os.environ) -> dict[str, Found]:
    """Return every setting as it holds for the daemon as a whole, in the order of the table.

    Raises:
        ConfigError: the file cannot be read, or something set is unknown, ill-typed or does not fit the rest.
    """
    return layered(read_user_file(os.path.join(config_dir, FILE_NAME)), environment)


def layered(values: Mapping[str, Value], environment: Mapping[str, str]) -> dict[str, Found]:
    """Return every setting, given what the user's file sets.

    Raises:
        ConfigError: a variable is wrong, or the settings do not fit together.
    """
    found: dict[str, Found] = {}
    for one in SETTINGS:
        text = environment.get(one.variable, "").strip() if one.variable else ""
        if text:
            found[one.name] = Found(from_text(one, text, f"${one.variable}"), f"${one.variable}")
        elif one.name in values:
            found[one.name] = Found(values[one.name], FILE_NAME)
        else:
            found[one.name] = Found(one.default, DEFAULT)
    _fill_model(found)
    check_together(found)
    return found


def defaults() -> dict[str, Found]:
    """Return every setting as it is if nothing is set."""
    found = {one.name: Found(one.default, DEFAULT) for one in SETTINGS}
    _fill_model(found)
    return found


def with_project(found: Mapping[str, Found], project: ProjectFile) -> dict[str, Found]:
    """Return the settings as they hold in a project: its file stands between the user's and the variables."""
    result = dict(found)
    for name in found.keys() & project.values.keys():
        value, before = project.values[name], found[name]
        if isinstance(value, tuple) and isinstance(before.value, tuple):
            # What the user leaves out everywhere, a project cannot bring back.
            origin = f"{before.origin}, {PROJECT_FILE_NAME}" if before.value else PROJECT_FILE_NAME
            result[name] = Found((*before.value, *value), origin)
        elif before.origin in (DEFAULT, FILE_NAME):
            result[name] = Found(value, PROJECT_FILE_NAME)
    return result


def read_user_file(path: str) -> dict[str, Value]:
    """Return what `config.toml` sets, by name; nothing if there is none.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong.
    """
    try:
        raw = _read(path, follow=True)
    except FileNotFoundError:
        return {}
    return values_of(path, raw)


def values_of(path: str, raw: bytes) -> dict[str, Value]:
    """Return what the content of a `config.toml` sets, by name; `path` is for messages.

    Raises:
        ConfigError: something in it is wrong.
    """
    return {
        one.name: checked(one, value, f"{path}: {one.name}")
        for one, value in _settings(path, _parsed(path, raw))
    }


def read_project_file(root: str) -> ProjectFile:
    """Return what `.vexord.toml` in a project's root says. Never raises: a cloned repository is not trusted,
    so what is wrong or not allowed in it is left out and named in `problems`.
    """
    path = os.path.join(root, PROJECT_FILE_NAME)
    values: dict[str, Value] = {}
    problems: list[str] = []
    try:
        tables = _parsed(path, _read(path, follow=False))
    except FileNotFoundError:
        return ProjectFile()
    except ConfigError as error:
        return ProjectFile(problems=(error.message,))
    for table, keys in tables.items():
        for key, value in keys.items() if isinstance(keys, dict) else [("", keys)]:
            name = f"{table}.{key}" if key else table
            try:
                ((one, _),) = _settings(path, {table: {key: value}} if key else {table: value})
                if not one.in_project:
                    problems.append(f"{path}: {name} is for your own config.toml, not for a project's file")
                else:
                    values[one.name] = checked(one, value, f"{path}: {name}")
            except ConfigError as error:
                problems.append(error.message)
    return ProjectFile(values, tuple(problems))


def check_together(found: Mapping[str, Found]) -> None:
    """Check what no single value can be blamed for.

    Raises:
        ConfigError: the provider lacks something that it needs, or the address is of no use.
    """
    provider, base_url = str(found["embedding.provider"].value), str(found["embedding.base_url"].value)
    if base_url:
        _check_address(base_url, found["embedding.base_url"].origin)
    needs = {"compatible": ("base_url", "model"), "azure": ("base_url", "deployment")}.get(provider, ())
    for key in needs:
        if not found[f"embedding.{key}"].value:
            raise ConfigError(
                f"the provider {provider!r} needs embedding.{key}", f"run: vexorctl config set {key} VALUE"
            )


def _check_address(url: str, origin: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        raise ConfigError(f"{origin}: {quoted(url)} is no address", "write it as https://HOST/v1")
    if parts.username or parts.password:
        raise ConfigError(f"{origin}: the address of {parts.hostname} holds a name or password", KEY_HINT)
    if parts.query or parts.fragment:  # a key is given that way to some servers
        raise ConfigError(f"{origin}: the address of {parts.hostname} holds more than a path", KEY_HINT)


def _fill_model(found: dict[str, Found]) -> None:
    """A provider that is chosen without a model means its usual one."""
    model, provider = found["embedding.model"], str(found["embedding.provider"].value)
    if not model.value:
        found["embedding.model"] = Found(DEFAULT_MODELS.get(provider, ""), DEFAULT)


def _settings(path: str, tables: Mapping[str, object]) -> list[tuple[Setting, object]]:
    """Return what stands in the tables of a file, with the setting that each is.

    Raises:
        ConfigError: a table or key is unknown; the hint is the nearest right one.
    """
    known = list(dict.fromkeys(one.table for one in SETTINGS))
    result: list[tuple[Setting, object]] = []
    for table, keys in tables.items():
        if table not in known:
            raise ConfigError(
                f"{path} has an unknown key {quoted(table)}", f"did you mean {nearest(table, known)!r}?"
            )
        if not isinstance(keys, dict):
            raise ConfigError(f"{path}: {table} is not a table", f"write it as [{table}]")
        of_table = {one.key: one for one in SETTINGS if one.table == table}
        for key, value in keys.items():
            if key not in of_table:
                near = KEY_HINT if is_key_name(key) else f"did you mean {nearest(key, of_table)!r}?"
                raise ConfigError(f"{path}: {table} has an unknown key {quoted(key)}", near)
            result.append((of_table[key], value))
    return result


def _parsed(path: str, raw: bytes) -> dict[str, object]:
    import tomllib

    try:
        return tomllib.loads(raw.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", "mend that line, or move the file away") from None


def _read(path: str, *, follow: bool) -> bytes:
    """Return the bytes of a small regular file.

    Raises:
        FileNotFoundError: there is none.
        ConfigError: it cannot be read.
    """
    # O_NONBLOCK: a FIFO in the file's place must not hang us.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        with open(os.open(path, flags), "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path} cannot be read: not a regular file", f"move it away: mv {path} …")
            raw = file.read(MAX_FILE_BYTES + 1) or b""
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", f"mend its rights: chmod 600 {path}"
        ) from None
    if len(raw) > MAX_FILE_BYTES:
        raise ConfigError(f"{path} cannot be read: more than {MAX_FILE_BYTES:,} bytes", "make it smaller")
    return raw
