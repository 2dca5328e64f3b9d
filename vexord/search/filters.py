"""Filters as masks over the rows of a segment: live rows, folder, path globs, language, kind."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from vexor_protocol.errors import INVALID_PARAMS, ProtocolError
from vexor_protocol.messages import Filters

from vexord.index.segment import Segment
from vexord.index.snapshot import SegmentView
from vexord.index.types import KINDS

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Mask = NDArray[np.bool_]
_MAX_CACHED = 32
_CHARACTERS = {ord("\n"): 0x10F7FF} | {one: one - 0xD800 + 0x10F800 for one in range(0xD800, 0xE000)}
"""Of a private plane: for a newline, which pathspec does not match, and each byte that is not UTF-8."""
_PROBE = "/\x01vexord\x01"
"""A pattern, and a path of that name: a set that is too large for re2 may match nothing, and not say so."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """The filters of one request for one target; hashable, so that masks of immutable segments are kept."""

    prefix: str
    """Empty, or a folder with a closing slash."""
    paths: tuple[str, ...]
    exclude: tuple[str, ...]
    languages: frozenset[str]
    kinds: frozenset[str]
    not_languages: frozenset[str] = frozenset()
    not_kinds: frozenset[str] = frozenset()

    @classmethod
    def of(cls, filters: Filters, prefix: str, refused: Filters | None = None) -> "RowFilter":
        """Check the filters of a request; languages and kinds of `refused` must not be.

        Raises:
            ProtocolError: an unknown kind, or a pattern that cannot be read.
        """
        kinds = frozenset(kind.lower() for kind in filters.kinds)
        not_kinds = frozenset(kind.lower() for kind in refused.kinds) if refused else frozenset()
        unknown = (kinds | not_kinds) - set(KINDS)
        if unknown:
            raise ProtocolError(
                INVALID_PARAMS, f"unknown kind {', '.join(sorted(unknown))}", f"kinds are: {', '.join(KINDS)}"
            )
        for pattern in (*filters.paths, *filters.exclude):
            _compile((pattern,))
        return cls(
            prefix,
            tuple(filters.paths),
            tuple(filters.exclude),
            frozenset(language.lower() for language in filters.languages),
            kinds,
            frozenset(language.lower() for language in refused.languages) if refused else frozenset(),
            not_kinds,
        )

    @property
    def is_empty(self) -> bool:
        """Whether every row passes."""
        return not (self.prefix or self.paths or self.exclude or self._restricts_columns)

    @property
    def _restricts_columns(self) -> bool:
        return bool(self.languages or self.kinds or self.not_languages or self.not_kinds)


class MaskCache:
    """Masks by segment and filter; an entry goes when its segment does."""

    def __init__(self) -> None:
        self._masks: WeakKeyDictionary[Segment, dict[RowFilter, Mask]] = WeakKeyDictionary()

    def mask(self, view: SegmentView, wanted: RowFilter) -> Mask | None:
        """Return the rows that may be answers, shape (rows,); None means all."""
        if wanted.is_empty:
            return view.live
        cached = self._masks.setdefault(view.segment, {})
        mask = cached.get(wanted)
        if mask is None:
            if len(cached) >= _MAX_CACHED:
                cached.clear()
            mask = cached[wanted] = _segment_mask(view.segment, wanted)
        return mask if view.live is None else mask & view.live


def _segment_mask(segment: Segment, wanted: RowFilter) -> Mask:
    mask = np.ones(segment.rows, np.bool_)
    if wanted.prefix or wanted.paths or wanted.exclude:
        mask &= _file_mask(segment, wanted)[segment.chunks["file"]]
    if wanted.languages:
        codes = [code for code, name in enumerate(segment.languages) if name in wanted.languages]
        mask &= np.isin(segment.chunks["language"], codes)
    if wanted.kinds:
        mask &= np.isin(segment.chunks["kind"], [KINDS.index(kind) for kind in wanted.kinds])
    if wanted.not_languages:
        codes = [code for code, name in enumerate(segment.languages) if name in wanted.not_languages]
        mask &= ~np.isin(segment.chunks["language"], codes)
    if wanted.not_kinds:
        mask &= ~np.isin(segment.chunks["kind"], [KINDS.index(kind) for kind in wanted.not_kinds])
    return mask


def _file_mask(segment: Segment, wanted: RowFilter) -> Mask:
    include = _compile(wanted.paths) if wanted.paths else None
    exclude = _compile(wanted.exclude) if wanted.exclude else None
    prefix, count = _whole(wanted.prefix), len(segment.files)
    mask = np.zeros(count, np.bool_)
    for number in range(count):
        path = _whole(segment.paths[number])
        mask[number] = (
            path.startswith(prefix)
            and (include is None or include.match_file(path))
            and not (exclude is not None and exclude.match_file(path))
        )
    return mask


def _whole(text: str) -> str:
    """Return a path or pattern with other characters for those that pathspec or re2 does not take."""
    return text if text.isascii() and "\n" not in text else text.translate(_CHARACTERS)


@lru_cache(maxsize=256)
def _compile(patterns: tuple[str, ...]) -> "GitIgnoreSpec":
    import re2  # most searches do without
    from pathspec import GitIgnoreSpec

    warnings.filterwarnings("ignore", "Possible nested set", FutureWarning)  # of Python's engine, not asked
    try:
        spec = GitIgnoreSpec.from_lines((*map(_whole, patterns), _PROBE))
        if spec.match_file(_PROBE):
            return spec
    except ValueError as error:
        raise ProtocolError(
            INVALID_PARAMS, f"bad path pattern: {error}", "use gitignore-style globs"
        ) from None
    except re2.error:
        pass
    raise ProtocolError(
        INVALID_PARAMS, "the path patterns are too large together", "give fewer, or shorter ones"
    )
