"""What the user chose, as the daemon uses it: `config.toml`, the environment, and a project's own file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from vexor_protocol.configuration import REGISTERED, Found, defaults, load, read_project_file, with_project
from vexor_protocol.settings import ConfigError, quoted

from vexord.embed.choice import Embedding

__all__ = ["LOCAL_MODELS", "Choices", "ConfigError"]

LOCAL_MODELS = ("vexord-code", "minilm", "model2vec:FOLDER", "fastembed:NAME")
"""`vexord-code` is the embedded model; the others refine its rows. `minilm`, and any model2vec folder or name
on the hub, need the extra `transformer`; the ONNX models that fastembed knows need the extra `fastembed`."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Settings in effect."""

    embedding: Embedding = field(default_factory=Embedding)
    settings: Mapping[str, Found] = field(default_factory=defaults)
    """All of them by name, with what set each."""

    @classmethod
    def load(cls, config_dir: str, environment: Mapping[str, str] = os.environ) -> "Choices":
        """Read the file, if there is one, and the variables.

        Raises:
            ConfigError: the file cannot be read, or something in it is unknown or does not fit.
        """
        settings = load(config_dir, environment)
        values = {
            name.partition(".")[2]: found.value
            for name, found in settings.items()
            if name.startswith("embedding.")
        }
        embedding = Embedding(**values, keys_dir=config_dir)  # type: ignore[arg-type]  # checked by the table
        _check_local(embedding, settings["embedding.model"].origin)
        return cls(embedding, settings)

    def mode(self, registered: str = "") -> Found:
        """Return how much of each file is indexed, where the project's own file does not say otherwise.

        `registered` is what the folder was registered with, if anything; it wins over the file, too.
        """
        return Found(registered, REGISTERED) if registered else self.settings["index.mode"]

    @property
    def ignore(self) -> tuple[str, ...]:
        """The user's patterns for every project."""
        value = self.settings["index.ignore"].value
        return value if isinstance(value, tuple) else ()

    def in_project(self, root: str) -> bool:
        """Whether the index of a folder that is registered now lies in it. Reads the project's own file."""
        return with_project(self.settings, read_project_file(root))["index.place"].value == "project"


def _check_local(embedding: Embedding, origin: str) -> None:
    kind, _, name = embedding.model.partition(":")
    known = embedding.model in LOCAL_MODELS[:2] or (kind in ("model2vec", "fastembed") and name)
    if not embedding.is_remote and not known:
        raise ConfigError(
            f"{origin}: {quoted(embedding.model)} is no local model", f"one of: {', '.join(LOCAL_MODELS)}"
        )
