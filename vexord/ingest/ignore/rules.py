"""Decide what is indexed: built-ins, git's rules and `.vexorignore`, folder by folder."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from vexord.ingest.ignore.builtin import BESIDE, INSIDE, SECRETS, TOOLING
from vexord.ingest.ignore.gitdir import common_dir, excludes_file, read_rules, work_tree
from vexord.ingest.ignore.glob import FILE_MARK, FOLDER_MARK, as_bytes
from vexord.ingest.ignore.outside import Outside
from vexord.ingest.ignore.ruleset import (
    GAP,
    Backend,
    IgnoreReason,
    LeftOut,
    Rule,
    RuleSet,
    parse_file,
    parse_rules,
)

GITIGNORE = ".gitignore"
VEXORIGNORE = ".vexorignore"
_RULE_NAMES = frozenset({GITIGNORE, VEXORIGNORE, ".git"})
_MARKS_INSIDE = frozenset(name for marks in INSIDE for name in marks if name)
_SECRET_SOURCE = "built-in secrets"  # noqa: S105 - a label, not a secret
_TOOL_SOURCE = "built-in rules"


@dataclass(frozen=True, slots=True)
class _Layer:
    """A rule set and where it is anchored: the subject is `prefix + rel[cut:]`."""

    rules: RuleSet
    prefix: str
    cut: int

    def path(self, rel: str) -> str:
        return self.prefix + rel[self.cut :]

    def folder(self, path: bytes) -> bytes:
        """The same for a folder's path with a closing slash."""
        return self.prefix.encode("latin-1") + path[self.cut :]


@dataclass(frozen=True, slots=True)
class _Folder:
    """Verdict on a folder, and the layers that hold for its content, strongest first."""

    reason: IgnoreReason | None
    pruned: bool
    git: tuple[_Layer, ...]
    vexor: tuple[_Layer, ...]


class IgnoreRules:
    """Ignore rules of one root folder. The root itself is never ignored.

    Weakest first: built-in tool folders and build output; git's global excludes file; `info/exclude`; each
    `.gitignore` from the git root down; built-in secrets; each `.vexorignore` from the git root down. A file
    below an ignored folder is ignored, unless a `.vexorignore` line with a path names it or a folder on the
    way, e.g. `!build/generated/`. Built-in rules yield only to a line that names
    the thing (`!.env`, not `!*`).

    Queries may come from several threads; verdicts on folders are cached until `reload`. With
    `builtins=False` the rules are exactly git's plus `.vexorignore`. The lines of `reload` count as those of
    a `.vexorignore` that stands above all others.
    """

    def __init__(self, root: str, *, builtins: bool = True, backend: Backend = "best") -> None:
        self._root = root
        self._backend: Backend = backend
        self._builtins = _builtin_rules(backend) if builtins else None
        self._lines: tuple[str, ...] = ()
        self._state = _State(root, backend, (), {})

    def ignored(self, rel: str, is_dir: bool) -> bool:
        """Whether `rel` (relative to the root, `/`-separated, no closing slash) is left out.

        For a folder: whether nothing at all below it can be wanted, so that it need not be read or watched.
        """
        if not rel:
            return False
        return self._folder(rel).pruned if is_dir else self.explain(rel, is_dir=False) is not None

    def explain(self, rel: str, is_dir: bool) -> IgnoreReason | None:
        """Return the rule that leaves `rel` out, its own or that of a folder above; None if it is wanted.

        A folder may have a reason and yet not be `ignored`: if a `.vexorignore` re-includes something in it.
        """
        if not rel:
            return None
        if is_dir:
            return self._folder(rel).reason
        parent = self._folder(rel.rpartition("/")[0])
        return parent.reason if parent.pruned else self._judge(rel, False, parent)

    def ignored_files(self, folder: str, names: Sequence[str]) -> dict[str, IgnoreReason]:
        """Return those of a folder's files that are left out, with the rule: `explain` for all at once."""
        parent = self._folder(folder)
        if not names:
            return {}
        if parent.pruned and parent.reason is not None:
            return dict.fromkeys(names, parent.reason)
        prefix = folder + "/" if folder else ""
        doubtful = self._doubtful(prefix, names, parent) if parent.reason is None else names
        reasons = ((name, self._judge(prefix + name, False, parent)) for name in doubtful)
        return {name: reason for name, reason in reasons if reason is not None}

    def _doubtful(self, prefix: str, names: Sequence[str], parent: _Folder) -> Iterable[str]:
        """Return the names that a rule may leave out; the others need not be judged one by one."""
        path, encoded = os.fsencode(prefix), os.fsencode("\0".join(names)).split(b"\0")
        joined = b"\0" + GAP.join(encoded) + b"\0"
        found: set[bytes] = set()
        for layer in (*parent.git, *parent.vexor):
            found.update(layer.rules.may_match(layer.folder(path), joined))
        if self._builtins is not None:
            lower = set(self._builtins.may_match(path.lower(), joined.lower()))
            found.update(name for name in encoded if lower and name.lower() in lower)
        return [name for name, raw in zip(names, encoded, strict=True) if raw in found] if found else ()

    def is_rule_file(self, rel: str) -> bool:
        """Whether a change of this file may change verdicts, so that `reload` and a new scan are due."""
        folder, _, name = rel.rpartition("/")
        if name in _RULE_NAMES:
            return not self.ignored(folder, is_dir=True)
        if rel == ".git/info/exclude":
            return True
        if name in _MARKS_INSIDE and self._judged_anew(folder):
            return True
        beside = [output for output, marks in BESIDE.items() if name in marks]
        return any(self._judged_anew(f"{folder}/{output}" if folder else output) for output in beside)

    def changed_outside(self) -> bool:
        """Whether a rule file has changed where no watch of the root stands, so that `reload` is due.

        Those are git's own files and the user's, rule files above the root, and marks in folders that are
        left out for them. Costs some microseconds for each.
        """
        return self._state.outside.changed()

    def left_out(self) -> list[str]:
        """Return where rules stand, of those read so far, that are not obeyed: files and `FILE:LINE`."""
        state = self._state
        lines = (place for _, rules in state.parsed.values() for place in rules.left_out.places)
        return [*state.left_out.places, *lines]

    def forget(self, folder: str) -> list[str]:
        """Forget the verdicts on a folder that came or went and on all below; return what was left out."""
        state = self._state
        left_out: list[str] = []
        stack = [folder] if folder in state.folders and folder else []
        while stack:  # not all folders that are known: thousands may come at once
            path = stack.pop()
            stack += state.below.pop(path, ())
            verdict = state.folders.pop(path, None)
            if verdict is not None and verdict.pruned:
                left_out.append(path)
        return left_out

    def reload(self, lines: tuple[str, ...] | None = None) -> None:
        """Forget all verdicts and read the rule files again as they are needed; `lines` replace the last."""
        self._lines = self._lines if lines is None else lines
        self._state = _State(self._root, self._backend, self._lines, self._state.parsed)

    # --- verdicts ------------------------------------------------------------------------------------------

    def _folder(self, rel: str) -> _Folder:
        """Return the verdict on a folder, those above it first; no recursion, paths can be deep."""
        state = self._state
        known = state.folders.get(rel)
        missing: list[str] = []
        while known is None:
            missing.append(rel)
            rel = rel.rpartition("/")[0]
            known = state.folders.get(rel)
        while missing and not known.pruned:
            known = self._enter(state, missing.pop(), known)
        return known

    def _enter(self, state: "_State", rel: str, parent: _Folder) -> _Folder:
        reason = self._judge(rel, True, parent)
        if reason is None:
            folder = state.enter(rel, parent.git, parent.vexor)
        else:
            wanted = any(layer.rules.leads_into(layer.path(as_bytes(rel))) for layer in parent.vexor)
            folder = _Folder(reason, not wanted, parent.git, parent.vexor)
        state.folders[rel] = folder
        state.below.setdefault(rel.rpartition("/")[0], {})[rel] = None
        return folder

    def _judged_anew(self, folder: str) -> bool:
        """Whether a folder that was judged is judged otherwise now, for the marks in it or beside it."""
        known = self._state.folders.get(folder)
        if known is None or not folder:
            return False
        parent = self._folder(folder.rpartition("/")[0])
        return not parent.pruned and self._judge(folder, True, parent) != known.reason

    def _judge(self, rel: str, is_dir: bool, parent: _Folder) -> IgnoreReason | None:
        subject = as_bytes(rel) + (FOLDER_MARK if is_dir else FILE_MARK)
        built_in = self._built_in(rel, subject, is_dir)
        named = built_in is not None
        if parent.vexor:
            rule = _strongest(parent.vexor, subject, named=named, reaching=parent.reason is not None)
            if rule is not None:
                return None if rule.negated else rule.reason
        if parent.reason is not None:
            return parent.reason
        if built_in is not None and built_in.source == _SECRET_SOURCE:
            return built_in
        rule = _strongest(parent.git, subject, named=named)
        if rule is not None:
            return None if rule.negated else rule.reason
        return built_in

    def _built_in(self, rel: str, subject: str, is_dir: bool) -> IgnoreReason | None:
        if self._builtins is None:
            return None
        rule = self._builtins.match(subject.lower())
        if rule is not None:
            return None if rule.negated else rule.reason
        return self._marked(rel) if is_dir else None

    def _marked(self, rel: str) -> IgnoreReason | None:
        """Return the mark of the tool that made the folder, if there is one."""
        full = f"{self._root}/{rel}"
        above, _, name = full.rpartition("/")
        for sibling in BESIDE.get(name, ()):
            if os.path.lexists(f"{above}/{sibling}"):
                return IgnoreReason(_TOOL_SOURCE, None, f"{name}/ beside {sibling}")
        for mark, unless in INSIDE:
            if os.path.lexists(f"{full}/{mark}") and not (unless and os.path.lexists(f"{full}/{unless}")):
                for inside in (mark, unless or mark):  # the folder will not be watched
                    self._state.outside.note(f"{full}/{inside}")
                return IgnoreReason(_TOOL_SOURCE, None, f"folder that holds {mark}")
        return None


def _strongest(
    layers: tuple[_Layer, ...], subject: str, *, named: bool = False, reaching: bool = False
) -> Rule | None:
    for layer in layers:
        rule = layer.rules.match(layer.path(subject), named=named, reaching=reaching)
        if rule is not None:
            return rule
    return None


@cache
def _builtin_rules(backend: Backend) -> RuleSet:
    tools = parse_rules(TOOLING, _TOOL_SOURCE, numbered=False)
    return RuleSet(tools + parse_rules(SECRETS, _SECRET_SOURCE, numbered=False), backend)


class _State:
    """The rule files as read since the last reload; `parsed` outlives it, keyed by path and content."""

    def __init__(
        self, root: str, backend: Backend, lines: tuple[str, ...], parsed: dict[str, tuple[bytes, RuleSet]]
    ) -> None:
        self._root = root
        self._lines = lines
        self._backend: Backend = backend
        self._earlier = parsed
        self.parsed: dict[str, tuple[bytes, RuleSet]] = {}
        self.left_out = LeftOut()
        self.outside = Outside()
        self.folders: dict[str, _Folder] = {}
        self.below: dict[str, dict[str, None]] = {}
        """The folders known right below each; some of them may be forgotten by now."""
        git, vexor = self._above()
        self.folders[""] = self.enter("", git, vexor)

    def enter(self, rel: str, git: tuple[_Layer, ...], vexor: tuple[_Layer, ...]) -> _Folder:
        """Return the verdict "wanted" for a folder, with its own rule files added to those from above."""
        full = f"{self._root}/{rel}" if rel else self._root
        cut = len(as_bytes(rel)) + 1 if rel else 0
        if rel:
            git = self._with_exclude(git, full, "", cut)
        git = self._with(git, full, GITIGNORE, "", cut)
        return _Folder(None, False, git, self._with(vexor, full, VEXORIGNORE, "", cut))

    def _above(self) -> tuple[tuple[_Layer, ...], tuple[_Layer, ...]]:
        """Return the layers from above the root: git's own files, and rule files from the git root down."""
        tree = work_tree(self._root, self.outside.note)
        common = common_dir(tree) if tree else None
        git: tuple[_Layer, ...] = ()
        lines = parse_rules(self._lines, "index.ignore", left_out=self.left_out)
        own = RuleSet(lines, self._backend, self.left_out) if lines else None
        vexor: tuple[_Layer, ...] = (_Layer(own, "", 0),) if own else ()
        way = os.path.relpath(self._root, tree).split("/") if tree and tree != self._root else []
        prefix = as_bytes("".join(part + "/" for part in way))
        file = excludes_file(common, self.outside.note)
        self.outside.note(file)
        excludes = self._read(file, follow=True)
        if excludes:
            git = (_Layer(excludes, prefix, 0),)
        if tree:
            git = self._with_exclude(git, tree, prefix, 0)
        folder = tree or self._root
        for index, part in enumerate(way):
            prefix = as_bytes("".join(above + "/" for above in way[index:]))
            self.outside.note(f"{folder}/{GITIGNORE}")
            self.outside.note(f"{folder}/{VEXORIGNORE}")
            git = self._with(git, folder, GITIGNORE, prefix, 0)
            vexor = self._with(vexor, folder, VEXORIGNORE, prefix, 0)
            folder = f"{folder.rstrip('/')}/{part}"
        return git, vexor

    def _with(
        self, layers: tuple[_Layer, ...], folder: str, name: str, prefix: str, cut: int
    ) -> tuple[_Layer, ...]:
        rules = self._read(f"{folder}/{name}")
        return (_Layer(rules, prefix, cut), *layers) if rules else layers

    def _with_exclude(
        self, layers: tuple[_Layer, ...], tree: str, prefix: str, cut: int
    ) -> tuple[_Layer, ...]:
        common = common_dir(tree) if os.path.lexists(f"{tree}/.git") else None
        if common is None:
            return layers
        self.outside.note(f"{common}/info/exclude")
        return self._with(layers, common, "info/exclude", prefix, cut)

    def _read(self, path: str, *, follow: bool = False) -> RuleSet | None:
        raw = read_rules(path, follow=follow, too_large=self._leave_out)
        if raw is None:
            return None
        known = self._earlier.get(path)
        if known is None or known[0] != raw:
            left_out = LeftOut()
            known = (raw, RuleSet(parse_file(raw, path, left_out), self._backend, left_out))
        self.parsed[path] = known
        return known[1]

    def _leave_out(self, path: str) -> None:
        self.left_out.add(path, "its file is too large")
