"""Embeds queries with the second models that snapshots have rows of, as long as each is to be had."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from vexor_protocol.health import Degraded

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.default import second_embedder
from vexord.embed.kept import Kept, recall
from vexord.embed.seam import Fingerprint, Vectors
from vexord.index.snapshot import SegmentView

logger = logging.getLogger(__name__)


class NotNowError(Exception):
    """A model that should have a part in answers has none now; the message says why."""


class QueryModel(Protocol):
    """Embeds queries. Thread-safe; may block for as long as its own deadline."""

    @property
    def fingerprint(self) -> Fingerprint:
        """What identifies the vectors."""
        ...

    def embed_query(self, text: str) -> Vectors:
        """Return one row, shape (1, dimensions).

        Raises:
            NotNowError: it cannot be had now; the message says why.
        """
        ...


class SecondModels:
    """By the name under which snapshots list their rows. Thread-safe."""

    def __init__(self, chosen: Embedding, folder: str) -> None:
        """`folder` is that of the caches, where each model is described."""
        self.chosen = chosen
        self._folder = folder
        self._lock = threading.Lock()
        self._models: dict[str, QueryModel] = {}
        self.missing = _missing(chosen)
        """Why the model that was chosen can have no part in answers; empty if it can."""

    def of(self, name: str) -> QueryModel:
        """Return the model of that name, made on first use.

        Raises:
            NotNowError: it cannot be used; the message says why.
        """
        with self._lock:
            model = self._models.get(name)
            if model is None:
                kept = recall(self._folder, name)
                if kept is None:
                    raise NotNowError("the description of its model is missing")
                model = self._models[name] = self._open(kept)
            return model

    def degraded(self) -> list[Degraded]:
        """Return what is wrong with the model that was chosen, and with each that was asked."""
        if not self.missing:
            return []
        return [
            Degraded(name="second_model_missing", message=self.missing, hint="then run: vexorctl restart")
        ]

    def warm(self) -> None:
        """Load a local model, so that the first search need not. Nobody pays for a warm provider."""
        if not self.chosen.is_remote and not self.missing:
            embedder = second_embedder(self.chosen)
            if embedder is not None:
                embedder.embed_query("warm up")

    def _open(self, kept: Kept) -> QueryModel:
        try:
            embedder = second_embedder(kept.chosen)
        except ModelError as error:
            raise NotNowError(str(error)) from None
        if embedder is None:
            raise NotNowError(f"{kept.chosen.model} is no second model")
        return embedder


def second_names(views: Iterable[SegmentView]) -> list[str]:
    """Return the names of the second models that segments have rows of, those with the most rows first."""
    rows: Counter[str] = Counter()
    for view in views:
        if view.refined is not None:
            rows[view.refined.model] += view.refined.count
    return [name for name, _ in rows.most_common()]


def _missing(chosen: Embedding) -> str:
    """Say so at once if a local model lacks its packages."""
    try:
        second_embedder(chosen)
    except ModelError as error:
        logger.warning("second model: %s", error)
        return str(error)
    return ""
