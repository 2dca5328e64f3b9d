"""What is not at its best in one project: named reasons with their mends, and files left out with theirs."""

from collections.abc import Collection

from vexor_protocol.health import Degraded, SkippedFiles

_EXAMPLES = 5
WATCHING = frozenset({"watch_limit", "instance_limit", "no_events", "watcher_error"})
"""Degraded states that are over when a scan finds every folder watched."""
_BLINDING = frozenset({"watch_limit", "instance_limit", "no_events", "read_error", "out_of_resources"})
_HINTS = {
    "watch_limit": "raise the limit: sudo sysctl fs.inotify.max_user_watches=1048576",
    "instance_limit": "raise the limit: sudo sysctl fs.inotify.max_user_instances=1024",
    "no_events": "this file system reports no changes; it is scanned every 30 s instead",
    "watcher_error": "see: vexorctl logs",
    "read_error": "look at the disk or the connection (dmesg); it is tried again by itself",
    "out_of_resources": "raise the limit of open files (ulimit -n, LimitNOFILE=); it goes on by itself",
    "root_gone": "its index is kept and taken up when it is back; to forget it: vexorctl remove",
    "project_settings": "mend or remove that part of the project's .vexord.toml; the rest of it was applied",
    "rules_left_out": "shorten these lines, or split files of more than 1 MiB, so that they can be obeyed",
    "no_files": "add a .vexorignore with `!pattern` lines to re-include",
}


class Health:
    """Degraded states and skipped files. `changed` is set by every change of the former."""

    def __init__(self) -> None:
        self.changed = True
        self._degraded: dict[str, Degraded] = {}
        self._skipped: dict[str, str] = {}
        self.left_out: list[SkippedFiles] = []
        """Folders that the last scan could not enter."""

    @property
    def blind(self) -> bool:
        """Whether some folder has no watch or was not read, so that only a scan proves freshness."""
        return not self._degraded.keys().isdisjoint(_BLINDING)

    def names(self, among: Collection[str]) -> list[str]:
        """Return those of some reasons that hold."""
        return [name for name in self._degraded if name in among]

    def degrade(self, name: str, message: str, hint: str = "") -> None:
        """Note a lasting reason."""
        hint = hint or _HINTS.get(name, "run: vexorctl doctor")
        entry = Degraded(name=name, message=message, hint=hint)
        self.changed |= self._degraded.get(name) != entry
        self._degraded[name] = entry

    def note(self, name: str, message: str) -> None:
        """Note a lasting reason, or forget it if there is nothing to say of it."""
        if message:
            self.degrade(name, message)
        else:
            self.mended(name)

    def replace(self, names: Collection[str], entry: Degraded | None) -> None:
        """Of some reasons let only this one hold, or none."""
        before = {name: self._degraded[name] for name in names if name in self._degraded}
        after = {entry.name: entry} if entry is not None else {}
        if before != after:
            self._degraded = {k: v for k, v in self._degraded.items() if k not in before} | after
            self.changed = True

    def mended(self, *names: str) -> None:
        """Forget reasons that hold no longer."""
        for name in names:
            self.changed |= self._degraded.pop(name, None) is not None

    def skip(self, reasons: dict[str, str]) -> None:
        """Note files, path → reason, whose content is not in the index."""
        self._skipped.update(reasons)

    def unskip(self, path: str) -> None:
        """The file is indexed whole now, or gone."""
        self._skipped.pop(path, None)

    def degraded(self) -> list[Degraded]:
        """Return the reasons, first noted first."""
        return list(self._degraded.values())

    def skipped(self) -> list[SkippedFiles]:
        """Return the skipped files, counted by reason."""
        by_reason: dict[str, list[str]] = {}
        for path, reason in self._skipped.items():
            by_reason.setdefault(reason, []).append(path)
        return [
            *(
                SkippedFiles(reason=reason, count=len(paths), examples=paths[:_EXAMPLES])
                for reason, paths in sorted(by_reason.items())
            ),
            *self.left_out,
        ]
