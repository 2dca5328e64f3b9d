"""What the user chose, as the daemon uses it: `config.toml`, the environment, and a project's own file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from vexor_protocol.configuration import Found, load, read_project_file, with_project
from vexor_protocol.settings import ConfigError

from vexord.embed.choice import Embedding

__all__ = ["LOCAL_MODELS", "Choices", "ConfigError", "ProjectChoices"]

LOCAL_MODELS = ("vexord-code", "minilm")
"""`vexord-code` is the embedded model; `minilm` refines its rows and needs the extra `transformer`."""


@dataclass(frozen=True, slots=True)
class ProjectChoices:
    """What holds for one project."""

    mode: str = "auto"
    ignore: tuple[str, ...] = ()
    in_project: bool = False
    """Where an index lies that is made from now on: in the project, or in the cache folder."""
    problems: tuple[str, ...] = ()
    """What of the project's file was refused."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Settings in effect."""

    embedding: Embedding = field(default_factory=Embedding)
    settings: Mapping[str, Found] = field(default_factory=dict)
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

    def project(self, root: str) -> ProjectChoices:
        """Return what holds in a project, with what its own file says. Reads that file."""
        file = read_project_file(root)
        found = with_project(self.settings, file)
        ignore = found["index.ignore"].value
        return ProjectChoices(
            mode=str(found["index.mode"].value),
            ignore=ignore if isinstance(ignore, tuple) else (),
            in_project=found["index.place"].value == "project",
            problems=file.problems,
        )


def _check_local(embedding: Embedding, origin: str) -> None:
    if not embedding.is_remote and embedding.model not in LOCAL_MODELS:
        raise ConfigError(
            f"{origin}: {embedding.model!r} is no local model", f"one of: {', '.join(LOCAL_MODELS)}"
        )
