"""Which embedder this installation uses, chosen in one place for both processes."""

from vexord.embed.seam import Embedder
from vexord.embed.static import StaticEmbedder


def default_embedder(chunk_format: int = 0) -> Embedder:
    """Return the embedder that the settings name: today the embedded static model.

    `chunk_format` goes into the fingerprint of vectors that are stored; it is of no matter for queries.
    """
    return StaticEmbedder(chunk_format)
