"""The table of settings: what may be set, to what, and where. Standard library alone.

Client and daemon read by this table, so that they cannot disagree; `configuration` puts the layers together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Value = str | int | tuple[str, ...]
"""A text, a whole number, or a list of texts: the type of a setting is that of its default."""

PROVIDERS = ("local", "openai", "gemini", "azure", "voyage", "cohere", "compatible")
MODES = ("auto", "name", "head", "brief", "full", "code", "outline")
PLACES = ("cache", "project")
DEFAULT_MODELS: Mapping[str, str] = {
    "local": "vexord-code",
    "openai": "text-embedding-3-small",
    "gemini": "gemini-embedding-001",
    "voyage": "voyage-code-3",
    "cohere": "embed-v4.0",
}
"""By provider. Azure names a deployment instead, and a compatible server must be told its model."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that may be set."""

    name: str
    """Table and key in `config.toml`, joined by a dot."""
    default: Value
    help: str
    variable: str = ""
    """The environment variable that overrules the files, if there is one."""
    in_project: bool = False
    """Whether a project's `.vexord.toml` may set it: it then neither costs money nor sends text anywhere."""
    words: tuple[str, ...] = ()
    """The values allowed; empty means any."""

    @property
    def table(self) -> str:
        """Name of the table in `config.toml`."""
        return self.name.partition(".")[0]

    @property
    def key(self) -> str:
        """Name inside the table."""
        return self.name.partition(".")[2]


SETTINGS = (
    Setting(
        "embedding.provider", "local", "who makes the vectors of meaning", "VEXORD_PROVIDER", words=PROVIDERS
    ),
    Setting("embedding.model", "", "model of that provider (default: its usual one)", "VEXORD_MODEL"),
    Setting("embedding.base_url", "", "address of a server, not the provider's own", "VEXORD_BASE_URL"),
    Setting(
        "embedding.dimensions", 0, "components of a vector, where the model allows fewer", "VEXORD_DIMENSIONS"
    ),
    Setting("embedding.api_version", "", "version of Azure's interface"),
    Setting("embedding.deployment", "", "name of the deployment in Azure"),
    Setting("embedding.requests_per_minute", 0, "at most so many requests (0: what the provider allows)"),
    Setting("embedding.tokens_per_minute", 0, "at most so many tokens (0: what the provider allows)"),
    Setting(
        "index.mode", "auto", "what of each file is indexed", "VEXORD_MODE", in_project=True, words=MODES
    ),
    Setting("index.ignore", (), "patterns as in .vexorignore; project and user add up", in_project=True),
    Setting(
        "index.place", "cache", "where the index of a folder added from now on lies", in_project=True,
        words=PLACES,
    ),
)  # fmt: skip
"""In the order in which they are shown."""

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}
KEY_VARIABLE = "VEXORD_API_KEY"
"""Holds the key of the provider that is chosen; keys have places of their own, see `keys`."""


class ConfigError(Exception):
    """Something that is set cannot be: `hint` names the mend."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def setting(name: str) -> Setting:
    """Return the setting of a name; a key without its table will do where it is unique.

    Raises:
        ConfigError: there is none; the hint is the nearest.
    """
    found = [one for one in SETTINGS if name in (one.name, one.key)]
    if len(found) == 1:
        return found[0]
    if name.rpartition(".")[2] in _KEY_NAMES:
        raise ConfigError(f"{name} is not kept in a settings file", KEY_HINT)
    near = nearest(name, [*BY_NAME, *(one.key for one in SETTINGS)])
    raise ConfigError(f"there is no setting {quoted(name)}", f"did you mean {near!r}?")


_SHORT = 30
_KEY_NAMES = ("api_key", "apikey", "key", "token", "secret")
KEY_HINT = "give a key by: vexorctl config set-key PROVIDER (or a variable)"


def is_key_name(key: str) -> bool:
    """Whether somebody who writes this key means a secret, which no settings file holds."""
    return key.lower().replace("-", "_") in _KEY_NAMES


def nearest(name: str, names: Iterable[str]) -> str:
    """Return the name most like another one."""
    import difflib

    known = list(names)
    return (difflib.get_close_matches(name, known, 1, cutoff=0.0) or known)[0]


def quoted(value: object) -> str:
    """Return a value for a message, which logs and `status` repeat; not what may be a misplaced key."""
    text = repr(value)
    return text if len(text) <= _SHORT and "@" not in text else "what is set"


def checked(one: Setting, value: object, origin: str) -> Value:
    """Return a value as the setting wants it. `origin` says where it stands, for the message.

    Raises:
        ConfigError: it is of another type, or not one of the setting's words.
    """
    if isinstance(one.default, int):
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise ConfigError(f"{origin}: {quoted(value)} is no whole number from 0 on", f"write {one.key} = 0")
    if isinstance(one.default, tuple):
        if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise ConfigError(
            f"{origin}: {quoted(value)} is no list of texts", f'write {one.key} = ["one", "two"]'
        )
    if not isinstance(value, str):
        raise ConfigError(f"{origin}: {quoted(value)} is no text", f'write {one.key} = "TEXT"')
    if one.words and value not in one.words:
        near = nearest(value, one.words)
        raise ConfigError(
            f"{origin}: {quoted(value)} is not one of {', '.join(one.words)}", f"did you mean {near!r}?"
        )
    return value


def from_text(one: Setting, text: str, origin: str) -> Value:
    """Return the value that a variable or a command line says; a list is separated by commas.

    Raises:
        ConfigError: as `checked`.
    """
    text = text.strip()
    if isinstance(one.default, int):
        return checked(one, int(text) if text.isascii() and text.isdigit() else text, origin)
    if isinstance(one.default, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return checked(one, text, origin)
