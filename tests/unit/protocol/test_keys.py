"""Keys: where they are found, kept, and that they are never shown."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import PasswordDeleteError
from vexor_protocol.keys import Key, find_key, forget_key, key_file, store_key
from vexor_protocol.settings import ConfigError


class MemoryKeyring(KeyringBackend):
    """A backend of the real package, in memory: the system's own needs a desktop session."""

    priority = 1.0

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture(params=["package without a keyring", "no package"])
def no_keyring(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if request.param == "no package":
        monkeypatch.setitem(sys.modules, "keyring", None)
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def memory() -> Iterator[MemoryKeyring]:
    before, backend = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.mark.usefixtures("no_keyring")
def test_a_key_lies_in_a_file_of_the_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "config"
    path = Path(store_key("openai", " sk-1\n", str(folder)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert find_key("openai", str(folder), {}) == Key("sk-1", str(path))
    assert find_key("gemini", str(folder), {}) is None
    store_key("openai", "sk-2", str(folder))
    found = find_key("openai", str(folder), {})
    assert found is not None
    assert found.value == "sk-2"
    assert "sk-2" not in repr(found)
    assert forget_key("openai", str(folder))
    assert not forget_key("openai", str(folder))
    assert find_key("openai", str(folder), {}) is None


@pytest.mark.usefixtures("no_keyring")
def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = Path(store_key("openai", "sk-1", str(tmp_path)))
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="open to other users") as caught:
        find_key("openai", str(tmp_path), {})
    assert "sk-1" not in caught.value.message + caught.value.hint
    assert "chmod 600" in caught.value.hint


@pytest.mark.usefixtures("no_keyring")
def test_variables_go_before_what_is_kept(tmp_path: Path) -> None:
    store_key("openai", "kept", str(tmp_path))

    def found(**environment: str) -> tuple[str, str] | None:
        key = find_key("openai", str(tmp_path), environment)
        return (key.value, key.origin) if key is not None else None

    assert found(OPENAI_API_KEY="own") == ("own", "$OPENAI_API_KEY")
    assert found(OPENAI_API_KEY="own", VEXORD_API_KEY="ours") == ("ours", "$VEXORD_API_KEY")
    assert found(OPENAI_API_KEY=" ") == ("kept", key_file("openai", str(tmp_path)))
    assert find_key("local", str(tmp_path), {"VEXORD_API_KEY": "x"}) is None


def test_the_keyring_goes_before_the_file_and_replaces_it(tmp_path: Path, memory: MemoryKeyring) -> None:
    path = Path(store_key("voyage", "in-file", str(tmp_path), in_file=True))
    assert store_key("voyage", "in-ring", str(tmp_path)) == "keyring"
    assert not path.exists()
    assert memory.held == {("vexord", "voyage"): "in-ring"}
    assert find_key("voyage", str(tmp_path), {}) == Key("in-ring", "keyring")
    assert forget_key("voyage", str(tmp_path))
    assert memory.held == {}


@pytest.mark.parametrize(
    ("provider", "value", "says"),
    [("local", "k", "takes no key"), ("openai", " ", "no key"), ("openai", "two words", "no key")],
)
@pytest.mark.usefixtures("no_keyring")
def test_what_is_no_key_is_refused(tmp_path: Path, provider: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        store_key(provider, value, str(tmp_path))
    assert list(tmp_path.iterdir()) == []
