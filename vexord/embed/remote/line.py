"""Who is next: questions before all, then what was sent in vain, what is urgent, and the projects in turn."""

import math
from collections import deque
from collections.abc import Iterable, Sequence

from vexord.embed.remote.seam import Side
from vexord.embed.remote.work import Job, Piece


class Line:
    """The work that waits. Projects take turns of a batch each."""

    def __init__(self) -> None:
        self._questions: deque[Job] = deque()
        self._again: list[Job] = []
        self._prepared: Job | None = None
        """A batch that waits for its turn to be sent."""
        self._first: deque[Piece] = deque()
        self._projects: dict[str, deque[Piece]] = {}
        """Whose turn it is stands first."""

    def __len__(self) -> int:
        """Pieces that wait, questions not counted."""
        jobs = [*self._again, *([self._prepared] if self._prepared else [])]
        return (
            sum(len(job.pieces) for job in jobs if job.side == "document")
            + len(self._first)
            + sum(map(len, self._projects.values()))
        )

    def ask(self, job: Job) -> None:
        """A question waits."""
        self._questions.append(job)

    def add(self, project: str, pieces: Iterable[Piece], *, first: bool) -> None:
        """A project's texts wait; `first`: before all that waits already, of any project."""
        if first:
            self._first.extend(pieces)
        else:
            self._projects.setdefault(project, deque()).extend(pieces)

    def back(self, pieces: Sequence[Piece]) -> None:
        """Pieces are to go out next, in batches of another size."""
        self._first.extendleft(reversed(pieces))

    def again(self, job: Job) -> None:
        """A job, or a part of one, is to be sent once more, at its time."""
        self._again.append(job)

    def question(self, now: float) -> Job | None:
        """Take the question that is next, if there is one that may be sent now."""
        while self._questions:
            job = self._questions.popleft()
            if _alive(job):
                return job
        return self._due("query", now)

    def batch(self, now: float, items: int, raw: float) -> Job | None:
        """Take the next job that is no question, if one may be sent now; a new one has so many raw tokens."""
        job, self._prepared = self._prepared, None
        if job is None or not _alive(job):
            job = self._due("document", now) or self._new(items, raw)
        return job

    def put_back(self, job: Job) -> None:
        """It could not be sent yet; it stays the next of its kind."""
        if job.side == "query":
            self._questions.appendleft(job)
        else:
            self._prepared = job

    def next_time(self, now: float, sides: Sequence[Side] = ("query", "document")) -> float:
        """Return the seconds until a job that waits for its time may be sent; infinite if none does."""
        times = (job.not_before for job in self._again if job.side in sides)
        return max(0.0, min(times, default=math.inf) - now)

    def drop_questions(self) -> list[Job]:
        """Take all questions out."""
        jobs = [*self._questions, *(job for job in self._again if job.side == "query")]
        self._questions.clear()
        self._again = [job for job in self._again if job.side != "query"]
        return jobs

    def _due(self, side: Side, now: float) -> Job | None:
        due = [job for job in self._again if job.side == side and job.not_before <= now]
        for job in due:
            self._again.remove(job)
        alive = [job for job in due if _alive(job)]
        self._again.extend(alive[1:])
        return alive[0] if alive else None

    def _new(self, items: int, room: float) -> Job | None:
        pieces: list[Piece] = []
        while len(pieces) < items:
            source = self._source()
            if source is None or (pieces and source[0].raw > room):
                break
            piece = source.popleft()
            if not piece.text.over:
                pieces.append(piece)
                room -= piece.raw
        self._pass_turn()
        return Job(pieces, "document") if pieces else None

    def _source(self) -> deque[Piece] | None:
        if self._first:
            return self._first
        for project in list(self._projects):
            if self._projects[project]:
                return self._projects[project]
            del self._projects[project]
        return None

    def _pass_turn(self) -> None:
        if self._projects:
            project = next(iter(self._projects))
            self._projects[project] = self._projects.pop(project)


def _alive(job: Job) -> bool:
    """Drop the pieces that nobody waits for; return whether some are left."""
    job.pieces = [piece for piece in job.pieces if not piece.text.over]
    return bool(job.pieces)
