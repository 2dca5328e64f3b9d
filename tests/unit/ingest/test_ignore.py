import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from vexord.ingest.ignore import IgnoreReason, IgnoreRules

BACKENDS = ["re2", "simple"]


pytestmark = pytest.mark.usefixtures("own_home")


def git(root: Path, *argv: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["git", "-C", str(root), *argv], input=stdin, capture_output=True, check=False
    ).stdout


# --- against git itself ----------------------------------------------------------------------------

NAMES = [
    "a",
    "b",
    "ab",
    "abc",
    "a.o",
    "b.c",
    "c d",
    "x ",
    "#x",
    "!y",
    "foo",
    "foobar",
    "[z]",
    "a-b",
    "q\\w",
    "é",
    "A1",
]
GLOBS = [
    *(
        "*",
        "**",
        "a*",
        "*.o",
        "*b",
        "?",
        "a?",
        "[a-c]",
        "[!a]*",
        "[^b]*",
        "a[b]c",
        "[[:alpha:]]",
        "[[:digit:]x]*",
    ),
    *(
        "foo",
        "foo*",
        "f*r",
        "foo**",
        "**bar",
        "a.o",
        "c d",
        "c\\ d",
        "x\\ ",
        "x ",
        "\\#x",
        "#x",
        "\\!y",
        "[]]",
        "[z]",
    ),
    *(
        "\\[z\\]",
        "[[]z[]]",
        "a[-]b",
        "a[b-]b",
        "[z-a]",
        "[a",
        "a\\",
        "q\\\\w",
        "q[\\\\]w",
        "é",
        "[[:nope:]]*",
        "[a-c-z]b",
    ),
    *(
        "[[:upper:]][[:digit:]]",
        "[!]a-]*",
        "a\\b",
        "[\\a]*",
        "[a\\-z]*",
        "[[:alpha]*",
        "**a",
        "[!/]b",
        "[.-0]oo",
    ),
]


def random_line(rng: random.Random) -> str:
    parts = [rng.choice(GLOBS) for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    line = "/".join(parts)
    if rng.random() < 0.25:
        line = "/" + line
    if rng.random() < 0.3:
        line += "/"
    if rng.random() < 0.35:
        line = "!" + line
    if rng.random() < 0.1:
        line += "  "
    if rng.random() < 0.05:
        line += "\r"
    return line


def random_tree(root: Path, rng: random.Random) -> list[str]:
    """Plant folders, files and rule files; return every path, folders with a closing slash."""
    folders = [""]
    for _ in range(14):
        folder = f"{rng.choice(folders)}{rng.choice(NAMES)}/"
        if folder.count("/") < 5 and folder not in folders:
            (root / folder).mkdir()
            folders.append(folder)
    paths = folders[1:]
    for folder in folders:
        for name in rng.sample(NAMES, 5):
            if not (root / folder / name).exists():
                (root / folder / name).write_text("")
                paths.append(folder + name)
        if folder == "" or rng.random() < 0.4:
            lines = [random_line(rng) for _ in range(rng.randrange(1, 6))]
            (root / folder / ".gitignore").write_text("\n".join(lines) + "\n", newline="")
    (root / ".git/info/exclude").write_text(random_line(rng) + "\n", newline="")
    return paths


def git_verdicts(root: Path, paths: list[str]) -> dict[str, tuple[str, int, str] | None]:
    """Ask git which rule decides; a re-include and no rule both count as None."""
    asked = b"\0".join(os.fsencode(path.rstrip("/")) for path in paths) + b"\0"
    fields = git(root, "check-ignore", "--no-index", "-v", "-n", "-z", "--stdin", stdin=asked).split(b"\0")
    verdicts: dict[str, tuple[str, int, str] | None] = {}
    for index, path in enumerate(paths):
        source, line, pattern, _ = fields[4 * index : 4 * index + 4]
        ignored = pattern and not pattern.startswith(b"!")
        verdicts[path] = (os.fsdecode(source), int(line), os.fsdecode(pattern)) if ignored else None
    return verdicts


def ours(rules: IgnoreRules, root: Path, path: str) -> tuple[str, int | None, str] | None:
    is_dir = path.endswith("/")
    reason = rules.explain(path.rstrip("/"), is_dir)
    assert rules.ignored(path.rstrip("/"), is_dir) == (reason is not None)
    return None if reason is None else (os.path.relpath(reason.source, root), reason.line, reason.pattern)


@pytest.mark.parametrize("seed", range(60))
def test_every_verdict_and_its_line_are_those_of_git(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    git(tmp_path, "init", "-q")
    paths = random_tree(tmp_path, rng)
    expected = git_verdicts(tmp_path, paths)
    rules = IgnoreRules(str(tmp_path), builtins=False, backend=rng.choice(["re2", "simple"]))
    assert {path: ours(rules, tmp_path, path) for path in paths} == expected


def by_folder(paths: list[str]) -> dict[str, list[str]]:
    """The files among the paths, by their folder."""
    names: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if name:
            names.setdefault(folder, []).append(name)
    return names


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("builtins", [False, True])
def test_all_files_of_a_folder_get_the_verdicts_of_each_alone(
    tmp_path: Path, seed: int, builtins: bool
) -> None:
    rng = random.Random(seed)
    git(tmp_path, "init", "-q")
    paths = [
        *random_tree(tmp_path, rng),
        "id_RSA",
        "a/x.PEM",
        "x/.kube/config",
        "Foo/b.o",
        os.fsdecode(b"\xe9.o"),
    ]
    (tmp_path / ".vexorignore").write_text(random_line(rng) + "\n" + random_line(rng) + "\n")
    rules = IgnoreRules(str(tmp_path), builtins=builtins, backend=rng.choice(["re2", "simple"]))
    for folder, names in by_folder(paths).items():
        alone = {name: rules.explain(f"{folder}/{name}" if folder else name, is_dir=False) for name in names}
        together = rules.ignored_files(folder, names)
        assert together == {name: reason for name, reason in alone.items() if reason is not None}
        assert rules.ignored_files(folder, []) == {}


def test_the_random_trees_hold_both_kinds_of_verdict(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    verdicts = git_verdicts(tmp_path, random_tree(tmp_path, random.Random(3)))
    assert 5 < sum(verdict is not None for verdict in verdicts.values()) < len(verdicts) - 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_both_backends_agree_on_a_path_that_is_not_utf8(tmp_path: Path, backend: str) -> None:
    (tmp_path / ".gitignore").write_bytes(b"caf\xe9*\n")
    rules = IgnoreRules(str(tmp_path), builtins=False, backend=backend)  # type: ignore[arg-type]
    assert rules.ignored(os.fsdecode(b"sub/caf\xe9.txt"), is_dir=False)
    assert not rules.ignored(os.fsdecode(b"sub/caf\xe8.txt"), is_dir=False)


# --- where rules come from -------------------------------------------------------------------------


def test_the_global_excludes_file_named_in_gitconfig_is_read(tmp_path: Path) -> None:
    home = Path(os.environ["HOME"])
    (home / ".gitconfig").write_text('[user]\n  name = x\n[CORE]\n\texcludesFile = "~/my ignores" ; mine\n')
    (home / "my ignores").write_text("*.bak\n")
    assert IgnoreRules(str(tmp_path)).explain("d/x.bak", False) == IgnoreReason(
        str(home / "my ignores"), 1, "*.bak"
    )


def test_the_default_global_excludes_file_is_below_xdg_config_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_tree(tmp_path, {"cfg/git/ignore": "*.bak\n", "root/x": ""})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "cfg"))
    assert IgnoreRules(str(tmp_path / "root")).ignored("x.bak", is_dir=False)


def test_an_included_configuration_is_read(tmp_path: Path) -> None:
    home = Path(os.environ["HOME"])
    make_tree(
        home,
        {
            ".gitconfig": "[include] path = more.inc\n",
            "more.inc": "[core]\nexcludesfile=~/g\n",
            "g": "*.bak\n",
        },
    )
    assert IgnoreRules(str(tmp_path)).ignored("x.bak", is_dir=False)


def test_info_exclude_holds_in_a_worktree_whose_git_is_a_file(tmp_path: Path) -> None:
    main, other = tmp_path / "main", tmp_path / "other"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "x")
    git(main, "worktree", "add", "-q", str(other))
    assert (other / ".git").is_file()
    (main / ".git/info/exclude").write_text("*.bak\n")
    assert IgnoreRules(str(other)).ignored("x.bak", is_dir=False)


def test_rules_above_the_root_hold_up_to_the_git_root_and_no_further(tmp_path: Path) -> None:
    make_tree(
        tmp_path,
        {
            ".gitignore": "*.out\n",
            "repo/.gitignore": "/sub/deep/x.txt\n*.log\n/y.txt\n",
            "repo/sub/.gitignore": "deep/z.txt\n",
            "repo/.vexorignore": "sub/**/no.md\n",
            "repo/sub/deep/x.txt": "",
        },
    )
    (tmp_path / "repo/.git").mkdir()
    rules = IgnoreRules(str(tmp_path / "repo/sub/deep"))
    names = ["x.txt", "a.log", "y.txt", "z.txt", "k/no.md", "a.out"]
    assert [rules.ignored(name, is_dir=False) for name in names] == [True, True, False, True, True, False]


def test_gitignore_holds_outside_a_work_tree(tmp_path: Path) -> None:
    make_tree(tmp_path, {"sub/.gitignore": "/x\n"})
    rules = IgnoreRules(str(tmp_path))
    assert rules.ignored("sub/x", is_dir=False)
    assert not rules.ignored("sub/k/x", is_dir=False)


def test_a_nested_repository_brings_its_own_exclude_file(tmp_path: Path) -> None:
    make_tree(tmp_path, {"inner/.git/info/exclude": "/x\n"})
    rules = IgnoreRules(str(tmp_path))
    assert rules.ignored("inner/x", is_dir=False)
    assert not rules.ignored("x", is_dir=False)


def test_the_root_itself_is_never_ignored(tmp_path: Path) -> None:
    make_tree(tmp_path, {".gitignore": "build/\n", "build/pyvenv.cfg": "", ".git/HEAD": ""})
    rules = IgnoreRules(str(tmp_path / "build"))
    assert not rules.ignored("", is_dir=True)
    assert not rules.ignored("a.py", is_dir=False)


def test_a_rule_file_that_is_a_fifo_or_a_link_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/.gitignore").symlink_to(tmp_path / "rules")
    (tmp_path / "rules").write_text("*\n")
    rules = IgnoreRules(str(tmp_path))
    assert not rules.ignored("x", is_dir=False)
    assert not rules.ignored("sub/x", is_dir=False)


def test_thousands_of_hard_patterns_still_match(tmp_path: Path) -> None:
    lines = [f"**/d{i % 99}*/**/x{i}?*[a-f]y{i}*" for i in range(2_000)]
    (tmp_path / ".gitignore").write_text("\n".join(lines))
    rules = IgnoreRules(str(tmp_path))
    for i in (0, 1_000, 1_999):
        reason = rules.explain(f"d{i % 99}z/q/r/x{i}zzcy{i}z", is_dir=False)
        assert reason is not None
        assert reason.line == i + 1
        name = f"x{i}zzcy{i}z"
        assert rules.ignored_files(f"d{i % 99}z/q/r", ["other", name]) == {name: reason}


def test_forgetting_a_folder_forgets_all_below_it_and_nothing_beside(tmp_path: Path) -> None:
    for folder in ("a/x/y", "a2/z"):
        (tmp_path / folder).mkdir(parents=True)
    rules = IgnoreRules(str(tmp_path))
    assert not rules.ignored("a/x/y", is_dir=True)
    assert not rules.ignored("a2/z", is_dir=True)
    (tmp_path / "a/.gitignore").write_text("y/\n")
    (tmp_path / "a2/.gitignore").write_text("z/\n")
    assert rules.forget("a/x") == []
    assert not rules.ignored("a/x/y", is_dir=True)  # what is known of `a` holds
    assert rules.forget("a") == []
    assert rules.ignored("a/x/y", is_dir=True)
    assert rules.forget("a") == ["a/x/y"]
    assert rules.forget("a") == []
    assert not rules.ignored("a2/z", is_dir=True)
