"""Which embedders this installation uses, chosen in one place for both processes."""

from vexord.embed.artefact import ModelError
from vexord.embed.choice import Embedding
from vexord.embed.seam import Embedder, SecondEmbedder
from vexord.embed.static import StaticEmbedder
from vexord.embed.transformer import TransformerEmbedder

EMBEDDED = "vexord-code"
"""What the settings call the embedded model."""


def default_embedder(chunk_format: int = 0) -> Embedder:
    """Return the embedded model, under which every chunk is searchable at once.

    `chunk_format` goes into the fingerprint of vectors that are stored; it is of no matter for queries.
    """
    return StaticEmbedder(chunk_format)


def second_embedder(chosen: Embedding, chunk_format: int = 0) -> SecondEmbedder | None:
    """Return the model whose rows follow when the machine is idle; None if the embedded one is to do alone.

    Raises:
        ModelError: the model's packages are not installed; the message names the mend.
        KeyError: no such model; `projects.choices` allows only those that there are.
    """
    if chosen.is_remote:
        raise ModelError(f"the provider {chosen.provider!r} does not run on this machine")
    if chosen.model == EMBEDDED:
        return None
    kind, _, name = chosen.model.partition(":")
    match kind:
        case "model2vec":
            from vexord.embed.model2vec import StaticModel

            return StaticModel(name, chunk_format)
        case "fastembed":
            from vexord.embed.fastembed import FastembedModel

            return FastembedModel(name, chunk_format)
        case _:
            return {"minilm": TransformerEmbedder}[kind](chunk_format)
