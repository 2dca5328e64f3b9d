"""What vexor's settings and indexes are in our terms, and what has no place here, with the reason."""

import os
from dataclasses import dataclass, field

from vexor_protocol.settings import MODES, Value

from vexorctl.vexor_home import VexorHome, VexorIndex

PROVIDERS = {
    "openai": "openai", "gemini": "gemini", "voyageai": "voyage", "custom": "compatible", "local": "local",
}  # fmt: skip
USUAL_MODELS = {
    "openai": "text-embedding-3-small", "gemini": "gemini-embedding-001", "voyageai": "voyage-3-large",
}  # fmt: skip
"""What vexor takes if no model is set, or the one of OpenAI though another provider is."""
_ADAPTS = "requests adapt by themselves"
_RANKS = "words and meaning are always ranked together"
NO_PLACE = {
    "batch_size": _ADAPTS, "embed_concurrency": _ADAPTS,
    "extract_concurrency": "the indexer goes by the cores that are there",
    "extract_backend": "the indexer goes by the cores that are there",
    "auto_index": "the index is always kept fresh", "local_cuda": "the embedded model needs no GPU",
    "update_check": "nothing is ever asked of the network unless a provider is chosen",
    "rerank": _RANKS, "flashrank_model": _RANKS, "remote_rerank": _RANKS,
}  # fmt: skip
"""vexor's setting → why it is none here."""


@dataclass(slots=True)
class Plan:
    """What an import does."""

    settings: dict[str, Value] = field(default_factory=dict)
    """Our settings, by name."""
    key_for: str = ""
    """The provider whose key stands in vexor's `config.json`; empty if none does."""
    folders: list[VexorIndex] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """What is not taken, and why or what to do instead: a line each."""


def plan(home: VexorHome) -> Plan:
    """Say what is to be taken over."""
    result = Plan()
    _plan_embedding(home, result)
    for name, value in home.settings.items():
        if name in NO_PLACE and value not in (None, "", "off", "auto", True, False):
            result.left.append(f"{name} = {value if name != 'remote_rerank' else '…'}: {NO_PLACE[name]}")
    for index in home.indexes:
        _plan_folder(index, result)
    for index in home.older:
        result.left.append(f"{index.root} in mode {index.mode} ({index.model}): a folder has one index here")
    for model, count in sorted(home.cached.items()):
        result.left.append(
            f"{count:,} cached embeddings of {model}: each is of a text that begins with `FILE ::` and lost"
            " its line ends; vexord embeds another text for the same code, so none belongs to one of ours"
        )
    return result


def _plan_embedding(home: VexorHome, result: Plan) -> None:
    told = str(home.settings.get("provider") or "openai").lower()
    if "provider" not in home.settings and "model" not in home.settings and not home.settings.get("api_key"):
        return
    provider = PROVIDERS.get(told)
    model = str(home.settings.get("model") or "").strip()
    if provider is None:
        result.left.append(f"provider {told}: unknown here; see: vexorctl config --help")
        return
    if provider == "local":
        result.left.append(
            f"local model {model}: the embedded model takes its place, with nothing to download"
        )
        return
    if not model or (model == USUAL_MODELS["openai"] and told in USUAL_MODELS):
        model = USUAL_MODELS.get(told, model)
    result.settings |= {"embedding.provider": provider, "embedding.model": model}
    if base_url := str(home.settings.get("base_url") or "").strip():
        result.settings["embedding.base_url"] = base_url
    if isinstance(dimensions := home.settings.get("embedding_dimensions"), int):
        result.settings["embedding.dimensions"] = dimensions
    if str(home.settings.get("api_key") or "").strip():
        result.key_for = provider
    elif home.key_in_environment:
        result.left.append("the key in $VEXOR_API_KEY: set $VEXORD_API_KEY, or run: vexorctl config set-key")


def _plan_folder(index: VexorIndex, result: Plan) -> None:
    if not os.path.isdir(index.root):
        result.left.append(f"{index.root}: there is no such folder any more")
        return
    if index.mode not in MODES:
        result.left.append(f"{index.root}: mode {index.mode} is unknown here, auto takes its place")
    result.folders.append(index)
    ignore = os.path.join(index.root, ".vexorignore")
    if index.excludes:
        result.left.append(f"{index.root}: exclude patterns {index.excludes}: add them to {ignore}")
    if index.extensions:
        result.left.append(f"{index.root}: only {index.extensions}: all is indexed; search with --include")
    if not index.gitignore:
        result.left.append(f"{index.root}: --no-respect-gitignore: write `!PATTERN` lines to {ignore}")
    if not index.recursive:
        result.left.append(f"{index.root}: --no-recursive: leave the folders out with `*/` in {ignore}")
