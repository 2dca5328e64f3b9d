"""What the user chose: `config.toml` and the environment, which wins."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FILE_NAME = "config.toml"
MODELS = ("vexord-code", "minilm")
"""`vexord-code` is the embedded model; `minilm` refines its rows and needs the extra `transformer`."""
MODEL_VARIABLE = "VEXORD_MODEL"


class ChoiceError(Exception):
    """A setting is not one; `hint` names the mend."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Choices:
    """Settings in effect."""

    model: str = MODELS[0]

    @classmethod
    def load(cls, config_dir: str, environment: Mapping[str, str] = os.environ) -> "Choices":
        """Read the file, if there is one, and the variables.

        Raises:
            ChoiceError: the file cannot be read, or something in it is unknown.
        """
        path = os.path.join(config_dir, FILE_NAME)
        table = _read(path)
        _known(path, table, ("embedding",))
        embedding = table.get("embedding", {})
        if not isinstance(embedding, dict):
            raise ChoiceError(f"{path}: embedding is not a table", "write it as [embedding]")
        _known(f"{path}: embedding", embedding, ("model",))
        model, origin = embedding.get("model", MODELS[0]), f"{path}: embedding.model"
        if environment.get(MODEL_VARIABLE, "").strip():
            model, origin = environment[MODEL_VARIABLE].strip(), f"${MODEL_VARIABLE}"
        if model not in MODELS:
            raise ChoiceError(f"{origin} is {model!r}, which is no model", f"one of: {', '.join(MODELS)}")
        return cls(model=model)


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ChoiceError(
            f"{path} cannot be read: {error.strerror}", f"mend its rights: chmod 600 {path}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ChoiceError(f"{path} is not TOML: {error}", "mend that line, or move the file away") from None


def _known(place: str, table: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1) or names
            raise ChoiceError(f"{place} has an unknown key {name!r}", f"did you mean {near[0]!r}?")
