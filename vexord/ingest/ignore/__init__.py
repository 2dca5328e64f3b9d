"""Ignore rules: which paths of a tree are wanted."""

from vexord.ingest.ignore.rules import IgnoreRules
from vexord.ingest.ignore.ruleset import IgnoreReason

__all__ = ["IgnoreReason", "IgnoreRules"]
