"""Every setting of a training run in one object: two runs of one recipe on one corpus give the same bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """The defaults are the recipe of the model that ships; ablations replace single fields."""

    seed: int = 1
    dimensions: int = 256
    words: int = 31_000
    buckets: int = 4_096
    min_packages: int = 2
    """A word of fewer packages is a name of theirs, not vocabulary."""

    steps: int = 800
    batch: int = 2_048
    run: int = 64
    """Examples of one package that stand together in a batch: negatives that are hard to tell apart."""
    temperature: float = 0.07
    row_rate: float = 3e-3
    weight_rate: float = 1e-2
    warm_up: int = 50
    token_drop: float = 0.1
    header_drop: float = 0.3
    """Share of examples whose chunk stands without its header, so that the body is learnt too."""
    teacher_share: float = 0.5
    """Part of the teacher's vectors in the rows before training; the rest is co-occurrence in the corpus."""
    package_power: float = 0.75
    """How often a package of n examples is drawn: n to this power."""
