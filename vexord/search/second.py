"""Embeds queries with the second models that snapshots have rows of, as long as each is to be had."""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from vexor_protocol.health import Degraded, RemoteFigures, RemoteStatus
from vexor_protocol.settings import ConfigError

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.default import second_embedder
from vexord.embed.kept import Kept, recall
from vexord.embed.seam import Fingerprint, NotNowError, Vectors
from vexord.index.snapshot import SegmentView

if TYPE_CHECKING:
    from vexord.embed.remote.queries import RemoteQueries

logger = logging.getLogger(__name__)


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
        self._remote: dict[str, RemoteQueries] = {}
        """Those of the models that are providers'."""
        self.missing = ""
        """Why the model that was chosen can have no part in answers, once `warm` has found out."""

    @property
    def consent(self) -> str:
        """What a registration must say for more than a little to be spent; empty if nothing is."""
        if not self.chosen.is_remote:
            return ""
        from vexord.embed.remote.choose import consent_name

        return consent_name(self.chosen)

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
                model = self._models[name] = self._open(name, kept)
            return model

    def degraded(self) -> list[Degraded]:
        """Return what is wrong with the model that was chosen, and with each that was asked."""
        found = [state for model in self._providers() if (state := model.problem()) is not None]
        if self.missing:
            found.append(
                Degraded(name="second_model_missing", message=self.missing, hint="then run: vexorctl restart")
            )
        return found

    def remote(self, bulk: RemoteFigures | None) -> RemoteStatus | None:
        """Return how the provider that was chosen does; None if it is none. `bulk`: what the indexer told."""
        if not self.chosen.is_remote:
            return None
        from vexord.embed.remote.choose import remote_fingerprint

        mine = (model.figures() for model in self._providers() if model.kept.chosen == self.chosen)
        fingerprint = remote_fingerprint(self.chosen)
        return RemoteStatus(
            provider=fingerprint.provider,
            model=fingerprint.model,
            endpoint=fingerprint.endpoint,
            consent=self.consent,
            key_from=_key_from(self.chosen),
            bulk=bulk,
            queries=next(mine, None),
        )

    def warm(self) -> None:
        """Load a local model, or import a provider's SDK, before the first search; send nothing."""
        if self.chosen.is_remote:
            from vexord.embed.remote.choose import import_sdk

            import_sdk(self.chosen)
            return
        try:
            embedder = second_embedder(self.chosen)  # a model of the hub may have to be fetched
        except ModelError as error:
            logger.warning("second model: %s", error)
            self.missing = str(error)
            return
        if embedder is not None:
            embedder.embed_query("warm up")

    def prefetch(self, names: Sequence[str], texts: Sequence[str]) -> None:
        """Have many queries embedded in few requests; those that fail are told when they are asked for."""
        for name in names:
            try:
                self.of(name)
            except NotNowError:
                continue
            if name in self._remote:
                self._remote[name].prefetch(texts)

    def close(self) -> None:
        """Let go of connections and threads."""
        for model in self._providers():
            model.close()

    def _providers(self) -> "list[RemoteQueries]":
        with self._lock:
            return list(self._remote.values())

    def _open(self, name: str, kept: Kept) -> QueryModel:
        if kept.chosen.is_remote:
            from vexord.embed.remote.queries import RemoteQueries

            mine, theirs = self.chosen, kept.chosen
            same = (mine.provider, mine.base_url) == (theirs.provider, theirs.base_url)
            self._remote[name] = RemoteQueries(kept, shared_key=same)
            return self._remote[name]
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


def _key_from(chosen: Embedding) -> str:
    try:
        key = chosen.key()
    except ConfigError as error:
        return f"nowhere: {error.message}"
    return key.origin if key is not None else ""
