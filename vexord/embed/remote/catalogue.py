"""What is known of models beforehand: dimensions, limits, prefixes, and list prices with their date."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vexord.embed.remote.seam import Limits, Side

PRICES_OF = "2026-11"
"""Month in which the list prices below were looked up: US dollars a million tokens, without batch rebates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model; what is not known has the value that does no harm."""

    dimensions: int = 0
    """0 where only the server can tell."""
    reducible: bool = False
    """Whether fewer dimensions can be asked for."""
    limits: Limits = field(default_factory=Limits)
    usd: float | None = None
    """List price of a million tokens; None where it is not known."""
    prefixes: Mapping[Side, str] = field(default_factory=dict)
    """What the model was trained to see before a text."""


_OPENAI = Limits(items=2048, tokens=300_000, input_tokens=8191)
_GEMINI = Limits(items=100, tokens=100_000, input_tokens=2048)
_VOYAGE = Limits(items=1000, tokens=120_000, input_tokens=32_000)
_COHERE = Limits(items=96, tokens=120_000, input_tokens=512)
_UNKNOWN = Limits(items=256, tokens=60_000, input_tokens=2048)
"""Of a server that nothing is known of: larger requests would only make it slow."""

_KNOWN: Mapping[str, Mapping[str, Model]] = {
    "openai": {
        "text-embedding-3-small": Model(dimensions=1536, reducible=True, limits=_OPENAI, usd=0.02),
        "text-embedding-3-large": Model(dimensions=3072, reducible=True, limits=_OPENAI, usd=0.13),
        "text-embedding-ada-002": Model(dimensions=1536, limits=_OPENAI, usd=0.10),
    },
    "gemini": {
        "gemini-embedding-001": Model(dimensions=3072, reducible=True, limits=_GEMINI, usd=0.15),
        "gemini-embedding-2": Model(
            dimensions=3072,
            reducible=True,
            limits=replace(_GEMINI, input_tokens=8192),
            usd=0.20,
            prefixes={"query": "task: code retrieval | query: ", "document": "title: none | text: "},
        ),
    },
    "voyage": {
        "voyage-code-3": Model(dimensions=1024, reducible=True, limits=_VOYAGE, usd=0.18),
        "voyage-3-large": Model(dimensions=1024, reducible=True, limits=_VOYAGE, usd=0.18),
        "voyage-3.5": Model(
            dimensions=1024, reducible=True, limits=replace(_VOYAGE, tokens=320_000), usd=0.06
        ),
        "voyage-3.5-lite": Model(
            dimensions=1024, reducible=True, limits=replace(_VOYAGE, tokens=1_000_000), usd=0.02
        ),
    },
    "cohere": {
        "embed-v4.0": Model(
            dimensions=1536, reducible=True, limits=replace(_COHERE, input_tokens=128_000), usd=0.12
        ),
        "embed-english-v3.0": Model(dimensions=1024, limits=_COHERE, usd=0.10),
        "embed-multilingual-v3.0": Model(dimensions=1024, limits=_COHERE, usd=0.10),
    },
}

_PASSAGES = "Represent this sentence for searching relevant passages: "
_CODE = "Represent this query for searching relevant code: "
_QWEN = "Instruct: Given a question about code, retrieve code that answers it\nQuery:"
_PREFIXES: tuple[tuple[str, Mapping[Side, str]], ...] = (
    (r"e5-mistral|e5.*instruct", {"query": _QWEN + " "}),
    (r"\be5\b", {"query": "query: ", "document": "passage: "}),
    (r"nomic-embed-code|coderankembed", {"query": _CODE}),
    (r"nomic-embed", {"query": "search_query: ", "document": "search_document: "}),
    (r"bge-(small|base|large)-en|mxbai-embed|arctic-embed-(xs|s|m|l)(?!.*v2)", {"query": _PASSAGES}),
    (r"arctic-embed.*v2", {"query": "query: "}),
    (r"qwen3-embedding", {"query": _QWEN}),
    (r"embeddinggemma", {"query": "task: code retrieval | query: ", "document": "title: none | text: "}),
    (
        r"jina-code-embeddings",
        {
            "query": "Find the most relevant code snippet given the following query:\n",
            "document": "Candidate code snippet:\n",
        },
    ),
)
"""Of models that people run themselves, by what their names contain; as their model cards say."""


def known_model(provider: str, name: str) -> Model:
    """Return what is known of a model; of one on a server of the user's own that is its prefixes at most.

    Azure serves OpenAI's models.
    """
    models = _KNOWN.get("openai" if provider == "azure" else provider)
    if models is None:
        return Model(limits=_UNKNOWN, prefixes=_prefixes(name))
    return models.get(name) or _newer(models)


def price(provider: str, model: str) -> float | None:
    """Return the list price of a million tokens in US dollars; None where none is known."""
    models = _KNOWN.get("openai" if provider == "azure" else provider, {})
    return models[model].usd if model in models else None


def _newer(models: Mapping[str, Model]) -> Model:
    """Of a model that is not in the table its provider's limits may be supposed, and nothing else."""
    first = next(iter(models.values()))
    return Model(reducible=True, limits=first.limits)


def _prefixes(name: str) -> Mapping[Side, str]:
    plain = name.lower().replace("_", "-")
    return next((prefixes for pattern, prefixes in _PREFIXES if re.search(pattern, plain)), {})
