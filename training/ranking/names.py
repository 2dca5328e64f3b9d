"""Questions that need no label: a name is asked for, and the file that alone defines it is right."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from training.ranking.questions import Question, Target
from vexord.index.roles import path_facts
from vexord.index.snapshot import Snapshot
from vexord.index.terms import whole_name
from vexord.index.types import KINDS

CATEGORY = "name"
_MIN_MENTIONS = 3
_MIN_CHARS = 4
_KINDS = frozenset(
    {"function", "method", "class", "interface", "struct", "enum", "type", "trait", "macro", "constant"}
)


def name_questions(snapshot: Snapshot, repo: str, count: int, seed: int = 0) -> Sequence[Question]:
    """Return up to `count` questions for names that one place defines and others mention."""
    found: list[tuple[str, str, int, int, str]] = []
    for view in snapshot.segments:
        segment = view.segment
        for columns in segment.chunks:
            name = segment.strings[int(columns["symbol"])]
            path = segment.paths[int(columns["file"])]
            if (
                KINDS[int(columns["kind"])] in _KINDS
                and len(name) >= _MIN_CHARS
                and "test" not in path_facts(path).roles
            ):
                lines = int(columns["start_line"]), int(columns["end_line"])
                found.append((name, path, *lines, segment.languages[int(columns["language"])]))
    times = Counter(whole_name(name) for name, *_ in found)
    mentions = {
        name: sum(view.segment.postings.df(name) for view in snapshot.segments)
        for name, defined in times.items()
        if defined == 1
    }
    telling = [place for place in found if mentions.get(whole_name(place[0]), 0) >= _MIN_MENTIONS]
    chosen = Random(seed).sample(telling, min(count, len(telling)))
    return [
        Question(repo, language, name, CATEGORY, [Target(path, start, end)])
        for name, path, start, end, language in chosen
    ]
