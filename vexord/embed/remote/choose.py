"""From what was chosen to a provider that embeds: the only place that knows them all."""

import importlib
import logging
import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.remote.catalogue import Model, known_model
from vexord.embed.remote.seam import Limits, Provider, Side
from vexord.embed.seam import Fingerprint

if TYPE_CHECKING:
    from vexord.embed.remote.openai import Dialect

TEXT_FORMAT = 1
"""Goes up when the same chunk is given to providers as another text: prefixes, what goes before the code."""
_URLS = {
    "openai": "https://api.openai.com/v1",
    "gemini": "https://generativelanguage.googleapis.com",
    "voyage": "https://api.voyageai.com/v1",
    "cohere": "https://api.cohere.com/v2",
}
_TALKATIVE = ("httpx", "httpx2", "httpcore", "openai", "google_genai", "azure")
"""Loggers that have a line for each request."""
_PACKAGES = {"gemini": "google.genai", "cohere": "httpx2"}
"""What a provider needs, if it is not openai."""
_KEYLESS = frozenset({"compatible", "azure"})
"""Servers of one's own want no key; Azure has tokens besides."""


def remote_fingerprint(chosen: Embedding) -> Fingerprint:
    """Return what identifies the vectors of a remote choice.

    Its dimensions are 0 where only the server can tell them; they then are what it says, see `client`.
    """
    name = chosen.model or chosen.deployment
    model = known_model(chosen.provider, name)
    return Fingerprint(
        provider=chosen.provider,
        endpoint=_endpoint(chosen),
        model=name,
        dimensions=chosen.dimensions or model.dimensions,
        chunker=TEXT_FORMAT,
    )


def limits_of(chosen: Embedding, share: float = 1.0) -> Limits:
    """Return what the provider takes, and a share of what may be asked of it in a minute."""
    model = known_model(chosen.provider, chosen.model or chosen.deployment)
    return replace(
        model.limits,
        requests_a_minute=math.ceil(chosen.requests_per_minute * share),
        tokens_a_minute=math.ceil(chosen.tokens_per_minute * share),
    )


def consent_name(chosen: Embedding) -> str:
    """Return what a registration must say for more than a little to be spent: provider and model."""
    return f"{chosen.provider}:{chosen.model or chosen.deployment}"


def open_provider(chosen: Embedding, environment: Mapping[str, str] = os.environ) -> Provider:
    """Return the provider of a remote choice; this imports its SDK, which takes a second.

    Raises:
        ModelError: it has no key, or lacks a package; the message names the mend.
        ConfigError: its key lies where other users can read it.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    fingerprint = remote_fingerprint(chosen)
    model = known_model(chosen.provider, fingerprint.model)
    if (
        chosen.dimensions
        and model.dimensions
        and not model.reducible
        and chosen.dimensions != model.dimensions
    ):
        raise ModelError(
            f"{fingerprint.model} has {model.dimensions} dimensions and no others;"
            " run: vexorctl config unset dimensions"
        )
    limits = limits_of(chosen)
    fewer = chosen.dimensions not in (0, model.dimensions)
    key = _key(chosen, environment)
    match chosen.provider:
        case "gemini":
            from vexord.embed.remote.gemini import GeminiProvider

            return GeminiProvider(key, fingerprint, limits, fewer)
        case "cohere":
            from vexord.embed.remote.cohere import CohereProvider

            return CohereProvider(key, fingerprint, limits, fewer)
        case "azure":
            from vexord.embed.remote.azure import azure_client
            from vexord.embed.remote.openai import OpenAIProvider

            return OpenAIProvider(
                azure_client(chosen, key, environment), fingerprint, limits, _dialect(chosen, model, fewer)
            )
        case _:
            from vexord.embed.remote.openai import OpenAIProvider, client

            return OpenAIProvider(
                client(key, chosen.base_url or _URLS[chosen.provider]),
                fingerprint,
                limits,
                _dialect(chosen, model, fewer),
            )


def import_sdk(chosen: Embedding) -> None:
    """Import what a provider needs, in whichever thread has a second to spare."""
    importlib.import_module(_PACKAGES.get(chosen.provider, "openai"))


def _endpoint(chosen: Embedding) -> str:
    from vexord.embed.remote.openai import public_url

    url = public_url(chosen.base_url or _URLS[chosen.provider])
    return f"{url}/openai/deployments/{chosen.deployment}" if chosen.provider == "azure" else url


def _dialect(chosen: Embedding, model: Model, fewer: bool) -> "Dialect":
    from vexord.embed.remote.openai import Dialect

    if chosen.provider == "voyage":
        fields: Mapping[Side, Mapping[str, str]] = {
            "query": {"input_type": "query"},
            "document": {"input_type": "document"},
        }
        return Dialect(fields=fields, dimensions_field="output_dimension" if fewer else "")
    return Dialect(prefixes=model.prefixes, dimensions_field="dimensions" if fewer else "")


def _key(chosen: Embedding, environment: Mapping[str, str]) -> str:
    key = chosen.key(environment)
    if key is None and chosen.provider not in _KEYLESS:
        raise ModelError(
            f"the provider {chosen.provider} has no key; run: vexorctl config set-key {chosen.provider}"
        )
    return key.value if key is not None else ""
