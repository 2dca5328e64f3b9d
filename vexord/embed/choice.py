"""What was chosen to embed with: who, which model, where, within which budgets."""

from collections.abc import Mapping
from os import environ

import msgspec
from vexor_protocol.keys import Key, find_key


class Embedding(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[embedding]` in effect. Holds no key, so that it may be sent between our processes."""

    provider: str = "local"
    """One of `vexor_protocol.settings.PROVIDERS`."""
    model: str = "vexord-code"
    base_url: str = ""
    """Empty: the provider's own address."""
    dimensions: int = 0
    """0: as many as the model has."""
    api_version: str = ""
    deployment: str = ""
    requests_per_minute: int = 0
    """0: what the provider allows."""
    tokens_per_minute: int = 0
    keys_dir: str = ""
    """The folder of `config.toml`, below which a key may lie."""

    @property
    def is_remote(self) -> bool:
        """Whether text leaves this process, and perhaps the machine."""
        return self.provider != "local"

    def key(self, environment: Mapping[str, str] = environ) -> Key | None:
        """Return the provider's key, looked up anew: it may be set at any time. None if there is none.

        Raises:
            ConfigError: it lies where other users can read it.
        """
        return find_key(self.provider, self.keys_dir, environment)
