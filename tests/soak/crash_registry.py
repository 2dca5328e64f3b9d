"""The list of folders in a forked child that dies at a step, on a disk that fails, and after a power cut."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec.structs import replace
from vexor_protocol.errors import ProtocolError

from tests.support.faults import Steps, after_power_loss, die_at, fail_at, hooked, in_child
from vexord.projects.registry import Project, Registry

MAY_STAY = {"projects.json", "projects.json.bak", "projects.json.tmp", "projects.json.bak.tmp"}
"""The last two are of a change that was cut short; the next change takes their names."""


class RegistryTrial:
    """Registrations, one in its own folder, consents and removals."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = str(folder / "state" / "projects.json")
        roots = [str(folder / name) for name in ("a", "b", "c")]
        self._ops: list[Callable[[Registry], object]] = [
            lambda registry: registry.add(roots[0]),
            lambda registry: registry.add(roots[1], index_in_project=True),
            lambda registry: registry.agree(roots[1], "openai:some"),
            lambda registry: registry.add(roots[0], name="another"),
            lambda registry: registry.remove(roots[0]),
            lambda registry: registry.add(roots[2], mode="outline"),
            lambda registry: registry.remove(roots[1]),
            lambda registry: registry.add(roots[1], index_in_project=True),
        ]
        self._states: list[list[Project]] = [[]]
        self._bounds = [0]
        with hooked(steps := Steps()):
            registry = self._begin()
            for op in self._ops:
                op(registry)
                self._states.append(self._seen(registry))
                self._bounds.append(len(steps.taken))
        self.steps = steps.taken

    def faults(self) -> Iterator[tuple[str, Callable[[], list[str]]]]:
        """Yield a name and a call for every fault; the call returns what is wrong afterwards."""
        for number, (name, path, _) in enumerate(self.steps):
            told = f"registry step {number} {name} {os.path.basename(path)}"
            yield f"killed: {told}", lambda number=number: self._killed(number, torn=False)  # type: ignore[misc]
            if name == "write":
                yield f"torn: {told}", lambda number=number: self._killed(number, torn=True)  # type: ignore[misc]
            yield f"failed: {told}", lambda number=number: self._failed(number)  # type: ignore[misc]
            yield f"power: {told}", lambda number=number: self._without_power(number)  # type: ignore[misc]

    def _begin(self) -> Registry:
        shutil.rmtree(self._folder, ignore_errors=True)
        for name in ("a", "b", "c", "state"):
            (self._folder / name).mkdir(parents=True)
        return Registry(self._path)

    @staticmethod
    def _seen(registry: Registry) -> list[Project]:
        return [replace(project, added_at="") for project in registry.all()]

    def _killed(self, number: int, *, torn: bool) -> list[str]:
        def job(acknowledge: Callable[[], None]) -> None:
            registry = self._begin()
            for op in self._ops:
                op(registry)
                acknowledge()

        done, _ = in_child(job, die_at(number, torn=torn))
        return self._wrong(done)

    def _wrong(self, done: int) -> list[str]:
        registry = Registry(self._path)
        if registry.problem:
            return [f"after {done} changes: {registry.problem}"]
        if self._seen(registry) not in (self._states[done], self._states[done + 1]):
            return [f"after {done} changes: {self._seen(registry)}"]
        for op in self._ops[done:]:
            op(registry)
        wrong = [] if self._seen(Registry(self._path)) == self._states[-1] else ["another end"]
        rules = self._folder / "b" / ".vexord" / ".gitignore"
        wrong += [] if rules.read_text() == "*\n" else ["the in-project index is not ignored by git"]
        there = set(os.listdir(self._folder / "state"))
        return wrong + [f"left over: {name}" for name in there - MAY_STAY]

    def _failed(self, number: int) -> list[str]:
        with hooked(fail_at(number, errno.ENOSPC, torn=True)):
            registry = self._begin()
            for done, op in enumerate(self._ops):
                try:
                    op(registry)
                except ProtocolError as error:
                    if not error.hint:
                        return ["an error without its mend"]
                    if self._seen(registry) != self._states[done]:
                        return ["memory changed by a change that failed"]
                    if self._seen(Registry(self._path)) not in (self._states[done], self._states[done + 1]):
                        return ["disk changed by a change that failed"]
                    op(registry)
        return self._wrong(len(self._ops) - 1)

    def _without_power(self, number: int) -> list[str]:
        done = max(place for place, bound in enumerate(self._bounds) if bound <= number)
        mine = [step for step in self.steps[:number] if "/state/" in step[1] or step[1].endswith("/state")]
        wrong = []
        for left in after_power_loss(mine):
            self._begin()
            for path, data in left.items():
                Path(path).write_bytes(data)
            registry = Registry(self._path)
            states = self._states[done : done + 2]
            if registry.problem or self._seen(registry) not in states:
                wrong.append(f"after {done} changes, power lost: {registry.problem or self._seen(registry)}")
        return wrong
