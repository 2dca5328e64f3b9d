"""Where keys of providers lie: a variable, the system's keyring, or a file that only the user can read."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from vexor_protocol.settings import KEY_VARIABLE, ConfigError

KEYRING_SERVICE = "vexord"
FOLDER_NAME = "keys"
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_API_KEY"),
    "azure": ("AZURE_OPENAI_API_KEY",),
    "voyage": ("VOYAGE_API_KEY",),
    "cohere": ("CO_API_KEY", "COHERE_API_KEY"),
    "compatible": (),
}
"""What each provider's own tools read, and vexor; `VEXORD_API_KEY` goes before. `local` has no key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and where it was found: only the latter is ever shown."""

    value: str = field(repr=False)
    origin: str


def find_key(provider: str, config_dir: str, environment: Mapping[str, str] = os.environ) -> Key | None:
    """Return the key of a provider: of the variables, else of the keyring, else of the file; None if none.

    Raises:
        ConfigError: the file is open to other users, or cannot be read.
    """
    if provider not in VARIABLES:
        return None
    for variable in (KEY_VARIABLE, *VARIABLES[provider]):
        if value := environment.get(variable, "").strip():
            return Key(value, f"${variable}")
    if value := _from_keyring(provider):
        return Key(value, "keyring")
    path = key_file(provider, config_dir)
    if value := _from_file(path):
        return Key(value, path)
    return None


def store_key(provider: str, value: str, config_dir: str, *, in_file: bool = False) -> str:
    """Keep a key in the keyring, or in the file where there is no keyring or `in_file` asks for it.

    Returns where it lies now: `keyring`, or the file's path.

    Raises:
        ConfigError: no such provider takes a key, the key is empty, or it cannot be written.
    """
    if provider not in VARIABLES:
        raise ConfigError(f"{provider!r} takes no key", f"one of: {', '.join(VARIABLES)}")
    value = value.strip()
    if not value or any(character.isspace() or not character.isprintable() for character in value):
        raise ConfigError("that is no key", "give it alone on one line")
    if not in_file and _to_keyring(provider, value):
        _unlink(key_file(provider, config_dir))
        return "keyring"
    path = key_file(provider, config_dir)
    try:
        _write_file(path, value)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}", "mend the rights of its folder") from None
    return path


def forget_key(provider: str, config_dir: str) -> bool:
    """Remove a key from keyring and file; return whether there was one. Variables are not ours to unset."""
    there = _unlink(key_file(provider, config_dir))
    return _forget_in_keyring(provider) or there


def key_file(provider: str, config_dir: str) -> str:
    """Return the path of the file that may hold a provider's key."""
    return os.path.join(config_dir, FOLDER_NAME, provider)


def _from_file(path: str) -> str:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), encoding="utf-8") as file:
            info = os.fstat(file.fileno())
            if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
                raise ConfigError(f"{path} is open to other users", f"run: chmod 600 {path}")
            return file.read().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"{path} cannot be read", f"mend it: chmod 600 {path}, or remove it") from None


def _write_file(path: str, value: str) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    temporary = f"{path}.new"
    _unlink(temporary)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


# --- the keyring: an extra, and often not there in services and over ssh -----------------------------------


def _from_keyring(provider: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(KEYRING_SERVICE, provider) or "").strip()
    except KeyringError:
        return ""


def _to_keyring(provider: str, value: str) -> bool:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return False
    try:
        keyring.set_password(KEYRING_SERVICE, provider, value)
    except KeyringError:
        return False
    return True


def _forget_in_keyring(provider: str) -> bool:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return False
    try:
        keyring.delete_password(KEYRING_SERVICE, provider)
    except KeyringError:
        return False
    return True
