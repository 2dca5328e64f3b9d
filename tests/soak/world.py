"""What git and rule files do to folders, beside what happens to their files: `World` has all moves."""

import os
import subprocess
from pathlib import Path

from tests.soak.moves import Folders, NothingToDoError
from tests.support.trees import GIT, make_tree

_IGNORE_LINES = ("*.log", "*.cfg", "gen/", "!*.log", "/a/", "one.py", "*.md")
_VEXOR_LINES = ("*.txt", "!*.log", "skip/", "!.env", "!gen/keep/", "*.cfg")


class World(Folders):
    """Folders that may be repositories, with rule files."""

    # --- rules ---------------------------------------------------------------------------------------------

    def gitignore(self) -> None:
        """Write or delete a `.gitignore` somewhere."""
        self._rule_file(self._folder() / ".gitignore", _IGNORE_LINES)

    def vexorignore(self) -> None:
        """Write or delete a `.vexorignore` somewhere."""
        self._rule_file(self._folder() / ".vexorignore", _VEXOR_LINES)

    def move_rules(self) -> None:
        """A rule file goes to another folder, or another takes its place."""
        found = [folder / name for folder in self.folders() for name in (".gitignore", ".vexorignore")]
        source = self._one_of([path for path in found if path.is_file()])
        source.replace(self._folder() / source.name)

    def exclude(self) -> None:
        """Git's own list of a repository."""
        self._rule_file(
            self._one_of([one / ".git" for one in self._repositories()]) / "info" / "exclude", _IGNORE_LINES
        )

    def global_excludes(self) -> None:
        """The user's list for all repositories."""
        self._rule_file(Path(self._env["XDG_CONFIG_HOME"]) / "git" / "ignore", ("*.cfg", "one.py", "*.md"))

    def ignored_files(self) -> None:
        """Files that no search may find."""
        name = self.chance.choice(
            ["node_modules/p/i.py", "gen/g.py", "gen/keep/k.py", "skip/s.py", ".env", "k.pem", "x.o"]
        )
        make_tree(self._folder(), {name: self.line()})

    def mark(self) -> None:
        """A file shows that a folder is some tool's output, or does so no more."""
        folder, tool = self._folder(), self.chance.random() < 0.6
        make_tree(folder, {"target/t.py": self.line()} if tool else {"tagged/t.py": self.line()})
        sign = folder / ("Cargo.toml" if tool else "tagged/CACHEDIR.TAG")
        if sign.exists():
            sign.unlink()
        else:
            sign.write_text("mark\n")

    def _rule_file(self, path: Path, lines: tuple[str, ...]) -> None:
        if path.is_dir() and not path.is_symlink():
            raise NothingToDoError
        kind = self.chance.random()
        if kind < 0.3:
            path.unlink(missing_ok=True)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        text = "\n".join(self.chance.sample(lines, self.chance.choice([1, 2, 3]))) + "\n"
        if kind < 0.6:
            path.write_text(text)
        else:
            temporary = path.with_name("rules.tmp1")
            temporary.write_text(text)
            temporary.replace(path)

    # --- git -----------------------------------------------------------------------------------------------

    def git_init(self) -> None:
        """A folder becomes a repository."""
        folder = self._folder()
        if os.path.lexists(folder / ".git"):
            raise NothingToDoError
        self._git(folder, "init", "-q", "-b", "main")
        self._commit(folder)

    def git_commit(self) -> None:
        """Commit everything."""
        self._commit(self._repository())

    def git_branch(self) -> None:
        """A new branch with changes, and back to where it began."""
        here = self._repository()
        self._commit(here)
        start = self._git(here, "rev-parse", "HEAD").strip()
        self._names += 1
        self._git(here, "checkout", "-qb", f"branch{self._names}")
        for move in self.chance.sample(
            [self.rewrite, self.write, self.remove, self.move_folder, self.gitignore], 3
        ):
            self.attempt(move)
        self._commit(here)
        self._git(here, "checkout", "-qf", start)

    def git_switch(self) -> None:
        """To another branch."""
        here = self._repository()
        branches = self._git(here, "branch", "--format=%(refname:short)").split()
        self._git(
            here,
            "checkout",
            "-qf",
            self.chance.choice([name for name in branches if name[:1] != "("] or ["main"]),
        )

    def git_stash(self) -> None:
        """Put changes aside, new files too; sometimes take them back."""
        here = self._repository()
        self._git(here, "stash", "push", "-qu")
        if self.chance.random() < 0.6:
            self._git(here, "stash", "pop", "-q")

    def git_rebase(self) -> None:
        """This branch upon another, or the two merged."""
        here = self._repository()
        self._commit(here)
        branches = self._git(here, "branch", "--format=%(refname:short)").split()
        other = self.chance.choice([name for name in branches if name[:1] != "("] or ["main"])
        how = self.chance.choice([("rebase", "-q"), ("merge", "-q", "-m", "m", "-X", "ours")])
        try:
            self._git(here, *how, other)
        except NothingToDoError:
            self._git(here, how[0], "--abort")

    def git_clean(self) -> None:
        """Throw away what is not committed."""
        here = self._repository()
        self._git(here, "reset", "-q", "--hard")
        self._git(here, "clean", "-qffd")

    def git_worktree(self) -> None:
        """Another work tree of a repository, in a root or outside."""
        here = self._repository()
        self._names += 1
        place = self.chance.choice([self._folder(), self.outside]) / f"w{self._names}"
        self._git(here, "worktree", "add", "-q", "--detach", str(place))

    def _repositories(self) -> list[Path]:
        return [folder for folder in self.folders() if (folder / ".git").is_dir()]

    def _repository(self) -> Path:
        return self._one_of(self._repositories())

    def _commit(self, folder: Path) -> None:
        self._git(folder, "add", "-A")
        self._git(folder, "commit", "-qm", "c", "--allow-empty")

    def _git(self, folder: Path, *args: str) -> str:
        done = subprocess.run(
            ["git", *GIT, *args], cwd=folder, env=self._env, capture_output=True, check=False
        )
        if done.returncode:
            raise NothingToDoError(os.fsdecode(done.stderr))
        return os.fsdecode(done.stdout)


FILE_MOVES: tuple[str, ...] = (
    "write", "rewrite", "append", "half", "other_half", "same_size",
    "old_mtime", "atomic_save", "link_save", "backup_save", "nameless", "remove",
    "remove_and_make", "rename", "rename_over", "swap", "change_case", "hard_link",
    "write_linked", "symlink", "into_link", "into_folder", "into_file", "binary",
    "fill", "deep", "refill", "move_folder", "move_out", "move_in",
    "exchange", "rename_over_folder", "copy_folder", "remove_folder", "gitignore", "vexorignore",
    "move_rules", "exclude", "global_excludes", "ignored_files", "mark", "git_init",
    "git_commit", "git_branch", "git_switch", "git_stash", "git_rebase", "git_clean",
    "git_worktree",
    # the common ones twice
    "write", "rewrite", "other_half", "hard_link", "write_linked", "move_folder",
)  # fmt: skip
