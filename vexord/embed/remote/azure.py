"""OpenAI's models on Azure: an endpoint, a deployment, an interface's version; a key or an Entra ID token."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.remote.openai import TIMEOUT_S, faithful_client

if TYPE_CHECKING:
    import openai

API_VERSION = "2024-10-21"
TOKEN_VARIABLE = "AZURE_OPENAI_AD_TOKEN"  # noqa: S105 - the name of a variable, as the SDK has it
SCOPE = "https://cognitiveservices.azure.com/.default"

TokenSource = Callable[[], Awaitable[str]]


def azure_client(
    chosen: Embedding, api_key: str, environment: Mapping[str, str] = os.environ
) -> "openai.AsyncAzureOpenAI":
    """Return the SDK's client, its own retries off; without a key it brings Entra ID tokens.

    Raises:
        ModelError: there is neither key nor token, nor the package that gets tokens.
    """
    import openai

    token = environment.get(TOKEN_VARIABLE, "").strip()
    source = entra_tokens() if not (api_key or token) else None
    return openai.AsyncAzureOpenAI(
        azure_endpoint=chosen.base_url,
        azure_deployment=chosen.deployment,
        api_version=chosen.api_version or API_VERSION,
        api_key=api_key or None,
        azure_ad_token=token or None if not api_key else None,
        azure_ad_token_provider=source,
        max_retries=0,
        timeout=TIMEOUT_S,
        http_client=faithful_client(),
    )


def entra_tokens() -> TokenSource:
    """Return what brings a token of whoever is signed in on this machine, renewed when it runs out.

    Raises:
        ModelError: the package azure-identity is not installed.
    """
    try:
        from azure.identity.aio import DefaultAzureCredential, get_bearer_token_provider
    except ImportError:
        raise ModelError(
            "azure has no key; run: vexorctl config set-key azure"
            f" (or set {TOKEN_VARIABLE}, or pip install azure-identity for Entra ID)"
        ) from None
    source: TokenSource = get_bearer_token_provider(DefaultAzureCredential(), SCOPE)
    return source
