"""What a check of `vexorctl doctor` finds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]
Ask = Callable[[str], dict[str, object]]
"""Asks the daemon a method without parameters; raises ClientError."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    """What was looked at; of what the daemon says of itself, the name in docs/degraded.md."""
    level: Level
    message: str
    mend: str = ""
