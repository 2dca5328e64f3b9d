"""What of a project is indexed: which paths, and how much of each file."""

import os

from vexor_protocol.configuration import PROJECT_FILE_NAME, Found, read_project_file, with_project

from vexord.ingest.ignore import IgnoreRules
from vexord.ingest.walk import files_at
from vexord.ingest.watch import Watcher
from vexord.link.messages import ProjectSpec


class Wanted:
    """The rule files of a tree, its own settings file, and what the server says of the user's choices."""

    def __init__(self, spec: ProjectSpec) -> None:
        self.rules = IgnoreRules(spec.root)
        self._root = spec.root
        self._own_prefix = _prefix_inside(os.path.dirname(spec.index_dir), spec.root)
        self.mode = Found(spec.mode, spec.mode_origin)
        """How much of a file is indexed, and what says so."""
        self.problems: tuple[str, ...] = ()
        """What of the project's own file was refused."""
        self.read(spec)

    def read(self, spec: ProjectSpec) -> None:
        """Read everything again; rule files follow as they are needed."""
        told = {
            "index.mode": Found(spec.mode, spec.mode_origin),
            "index.ignore": Found(tuple(spec.ignore), "config.toml"),
        }
        file = read_project_file(spec.root)
        found = with_project(told, file)
        self.mode, self.problems = found["index.mode"], file.problems
        ignore = found["index.ignore"].value
        self.rules.reload(ignore if isinstance(ignore, tuple) else ())

    def is_rule_file(self, rel: str) -> bool:
        """Whether a change of this file may change what is wanted."""
        return rel == PROJECT_FILE_NAME or self.rules.is_rule_file(rel)

    def files_at(self, folder: str, watcher: Watcher) -> set[str]:
        """Return the wanted files below a folder that came or went; itself if there is no folder.

        What was known of a folder of that name tells nothing of this one.
        """
        left_out = self.rules.forget(folder)
        found = files_at(self._root, self.rules, folder)
        if any(not self.rules.ignored(path, is_dir=True) for path in left_out):
            watcher.rewatch(self._root, folder)  # by the old rules, before the event came here
            found |= files_at(self._root, self.rules, folder)
        return found

    def excluded(self, rel: str, is_dir: bool) -> bool:
        """Whether a path is left out: by a rule, or because the index itself lies there."""
        own = self._own_prefix
        if own is not None and (rel + "/").startswith(own):
            return True
        return self.rules.ignored(rel, is_dir)


def _prefix_inside(folder: str, root: str) -> str | None:
    """Return `folder` relative to `root` with a closing slash, if it lies inside."""
    inside = folder.startswith(root.rstrip("/") + "/")
    return os.path.relpath(folder, root) + "/" if inside else None
