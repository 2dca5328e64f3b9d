import os
import time
from pathlib import Path

import pytest

from tests.support.trees import make_tree
from tests.support.waiting import wait_until
from vexord.ingest.ignore import IgnoreReason, IgnoreRules

pytestmark = pytest.mark.usefixtures("own_home")


# --- .vexorignore ----------------------------------------------------------------------------------


def test_vexorignore_has_the_last_word_over_a_deeper_gitignore(tmp_path: Path) -> None:
    make_tree(tmp_path, {"sub/.gitignore": "*.md\n", ".vexorignore": "!*.md\n*.py\n"})
    rules = IgnoreRules(str(tmp_path))
    assert not rules.ignored("sub/a.md", is_dir=False)
    assert rules.explain("sub/a.py", False) == IgnoreReason(str(tmp_path / ".vexorignore"), 2, "*.py")


def test_a_reinclude_reaches_into_an_ignored_folder_that_it_names(tmp_path: Path) -> None:
    make_tree(
        tmp_path, {".gitignore": "build/\n", ".vexorignore": "!build/generated/\n!build/deep/**/keep.py\n"}
    )
    rules = IgnoreRules(str(tmp_path))
    wanted = [
        "build/generated/a.py",
        "build/generated/x/b.py",
        "build/deep/keep.py",
        "build/deep/p/q/keep.py",
    ]
    assert [path for path in wanted if rules.ignored(path, is_dir=False)] == []
    left_out = ["build/a.py", "build/other/a.py", "build/deep/p/a.py", "sub/build/generated/a.py"]
    assert [path for path in left_out if not rules.ignored(path, is_dir=False)] == []


def test_an_ignored_folder_is_entered_only_if_a_reinclude_names_something_in_it(tmp_path: Path) -> None:
    make_tree(
        tmp_path, {".gitignore": "build/\nout/\n", ".vexorignore": "!*.md\n!*/x.py\n!build/generated/\n"}
    )
    rules = IgnoreRules(str(tmp_path))
    assert not rules.ignored("build", is_dir=True)
    assert rules.explain("build", is_dir=True) == IgnoreReason(str(tmp_path / ".gitignore"), 1, "build/")
    assert rules.ignored("build/other", is_dir=True)
    assert not rules.ignored("build/generated", is_dir=True)
    assert rules.explain("build/generated", is_dir=True) is None
    assert rules.ignored("out", is_dir=True)
    assert rules.ignored("node_modules", is_dir=True)
    assert rules.ignored("build/a.md", is_dir=False)
    assert not rules.ignored("a.md", is_dir=False)


def test_other_rules_still_hold_inside_a_reincluded_folder(tmp_path: Path) -> None:
    make_tree(tmp_path, {".gitignore": "build/\n*.log\n", ".vexorignore": "!build/\n"})
    rules = IgnoreRules(str(tmp_path))
    assert not rules.ignored("build/a.py", is_dir=False)
    assert rules.ignored("build/a.log", is_dir=False)
    assert rules.ignored("build/__pycache__", is_dir=True)


# --- built-in rules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        ".git/",
        "a/.hg/",
        ".vexord/",
        "web/node_modules/",
        "p/__pycache__/",
        ".venv/",
        "a/b.pyc",
        ".DS_Store",
        "x.swp",
    ],
)
def test_tool_folders_and_litter_are_left_out(tmp_path: Path, path: str) -> None:
    rules = IgnoreRules(str(tmp_path))
    assert rules.ignored(path.rstrip("/"), is_dir=path.endswith("/"))
    assert not IgnoreRules(str(tmp_path), builtins=False).ignored(path.rstrip("/"), is_dir=path.endswith("/"))


def test_a_worktree_s_git_file_is_left_out(tmp_path: Path) -> None:
    assert IgnoreRules(str(tmp_path)).ignored("sub/.git", is_dir=False)


@pytest.mark.parametrize(
    ("folder", "mark", "contrary"),
    [
        ("target", "Cargo.toml", None),
        ("build", "build.gradle", None),
        ("myenv", "myenv/pyvenv.cfg", None),
        ("cache", "cache/CACHEDIR.TAG", None),
        ("out", "out/CMakeCache.txt", "out/CMakeLists.txt"),
    ],
)
def test_a_folder_is_build_output_only_where_its_tool_left_a_mark(
    tmp_path: Path, folder: str, mark: str, contrary: str | None
) -> None:
    make_tree(tmp_path, {f"{folder}/a": ""})
    assert not IgnoreRules(str(tmp_path)).ignored(folder, is_dir=True)
    make_tree(tmp_path, {mark: ""})
    reason = IgnoreRules(str(tmp_path)).explain(folder, is_dir=True)
    assert reason is not None
    assert reason.pattern.endswith(Path(mark).name)
    if contrary:
        make_tree(tmp_path, {contrary: ""})
        assert not IgnoreRules(str(tmp_path)).ignored(folder, is_dir=True)


SECRETS = [
    *(
        ".env",
        "a/.env.production",
        "server.key",
        "a/SERVER.PEM",
        "id_rsa",
        "id_ed25519.pub",
        "k.p12",
        ".netrc",
    ),
    *(".npmrc", ".pypirc", ".htpasswd", "x/credentials.json", "a/.aws/credentials", "state.tfstate.backup"),
]


@pytest.mark.parametrize("path", SECRETS)
def test_secrets_stay_out_whatever_gitignore_says(tmp_path: Path, path: str) -> None:
    (tmp_path / ".gitignore").write_text(f"!*\n!{Path(path).name}\n")
    reason = IgnoreRules(str(tmp_path)).explain(path, is_dir=False)
    assert reason is not None
    assert str(reason).startswith("built-in secrets `")


@pytest.mark.parametrize(
    "path", [".env.example", "a/.env.sample", ".env.template", "keys.py", "environment.md"]
)
def test_what_only_resembles_a_secret_is_wanted(tmp_path: Path, path: str) -> None:
    assert not IgnoreRules(str(tmp_path)).ignored(path, is_dir=False)


@pytest.mark.parametrize(
    ("line", "ignored"), [("!.env", False), ("!conf/.env", False), ("!*", True), ("!conf/*", True)]
)
def test_a_secret_comes_in_only_if_vexorignore_names_it(tmp_path: Path, line: str, ignored: bool) -> None:
    (tmp_path / ".vexorignore").write_text(line + "\n")
    assert IgnoreRules(str(tmp_path)).ignored("conf/.env", is_dir=False) is ignored


def test_an_allow_list_does_not_open_tool_folders(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*\n!*/\n!*.py\n")
    rules = IgnoreRules(str(tmp_path))
    assert rules.ignored(".git", is_dir=True)
    assert rules.ignored("web/node_modules", is_dir=True)
    assert not rules.ignored("web/a.py", is_dir=False)
    assert rules.ignored("web/a.txt", is_dir=False)


def test_a_named_reinclude_brings_a_tool_folder_back(tmp_path: Path) -> None:
    (tmp_path / ".vexorignore").write_text("!node_modules/mine/\n")
    rules = IgnoreRules(str(tmp_path))
    assert not rules.ignored("node_modules", is_dir=True)
    assert not rules.ignored("node_modules/mine/a.js", is_dir=False)
    assert rules.ignored("node_modules/other", is_dir=True)
    assert rules.ignored("node_modules/other/a.js", is_dir=False)


# --- changes ---------------------------------------------------------------------------------------


def test_reload_sees_changed_rules_and_queries_before_it_do_not(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.a\n")
    rules = IgnoreRules(str(tmp_path))
    assert rules.ignored("d/x.a", is_dir=False)
    (tmp_path / ".gitignore").write_text("*.b\n")
    assert rules.ignored("d/x.a", is_dir=False)
    rules.reload()
    assert not rules.ignored("d/x.a", is_dir=False)
    assert rules.ignored("d/x.b", is_dir=False)


def test_rule_files_are_known_except_in_folders_that_nobody_reads(tmp_path: Path) -> None:
    rules = IgnoreRules(str(tmp_path))
    yes = [".gitignore", "a/b/.vexorignore", ".git", "sub/.git", ".git/info/exclude"]
    no = ["node_modules/x/.gitignore", "a/gitignore", "a.gitignore", ".git/config"]
    assert [path for path in yes if not rules.is_rule_file(path)] == []
    assert [path for path in no if rules.is_rule_file(path)] == []


def test_a_mark_counts_when_it_changes_what_was_said_of_a_folder(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a/target/t.py": "", "venv/v.py": ""})
    rules = IgnoreRules(str(tmp_path))
    make_tree(tmp_path, {"venv/pyvenv.cfg": ""})
    assert not rules.is_rule_file("venv/pyvenv.cfg"), "nobody has asked of the folder yet"
    assert rules.ignored("venv", is_dir=True)
    assert not rules.ignored("a/target", is_dir=True)
    make_tree(tmp_path, {"a/Cargo.toml": ""})
    assert rules.is_rule_file("a/Cargo.toml")
    rules.reload()
    assert rules.ignored("a/target", is_dir=True)
    (tmp_path / "a/Cargo.toml").write_text("an edit of it changes nothing")
    assert not rules.is_rule_file("a/Cargo.toml")


def test_verdicts_below_a_folder_can_be_forgotten(tmp_path: Path) -> None:
    make_tree(tmp_path, {"a/.gitignore": "sub/\n", "a/sub/s.py": "", "ab/sub/s.py": ""})
    rules = IgnoreRules(str(tmp_path))
    assert rules.ignored("a/sub", is_dir=True)
    assert not rules.ignored("ab/sub", is_dir=True)
    (tmp_path / "a/.gitignore").unlink()
    assert rules.ignored("a/sub", is_dir=True)
    assert rules.forget("a") == ["a/sub"]
    assert rules.forget("a") == rules.forget("") == []
    assert not rules.ignored("a/sub", is_dir=True)


def test_changes_outside_the_root_are_noticed(tmp_path: Path) -> None:
    make_tree(tmp_path, {".git/info/exclude": "x\n", "deep/root/a.py": "", "deep/root/env/pyvenv.cfg": ""})
    old = time.time() - 100
    rules = IgnoreRules(str(tmp_path / "deep/root"))
    assert rules.ignored("env", is_dir=True)

    def settle() -> None:
        wait_until(
            lambda: (rules.reload(), rules.ignored("env", is_dir=True), not rules.changed_outside())[2]
        )

    settle()
    for file, text in ((".git/info/exclude", "y\n"), (".gitignore", "a"), ("deep/.vexorignore", "b")):
        before = rules.changed_outside()
        make_tree(tmp_path, {file: text})
        os.utime(tmp_path / file, (old, old))
        assert (before, rules.changed_outside()) == (False, True), file
        settle()
    (tmp_path / ".git/index.lock").touch()
    assert not rules.changed_outside(), "git works, and changes no rule"
    (tmp_path / "deep/root/env/pyvenv.cfg").unlink()
    assert rules.changed_outside()


def test_78_thousand_paths_take_less_than_a_few_seconds(tmp_path: Path) -> None:
    lines = [f"*.{a}{b}" for a in "abcdefghij" for b in "klmnopqrs"]
    (tmp_path / ".gitignore").write_text(
        "\n".join([*lines, "/tags", "!.gitignore", "Module.symvers", "/*.spec"])
    )
    paths = [f"d{i // 1000}/sub{i // 16}/file_name_{i}.c" for i in range(78_000)]
    rules = IgnoreRules(str(tmp_path))
    start = time.process_time()
    assert not any(rules.ignored(path, is_dir=False) for path in paths)
    # 0.4-0.7 s with re2; pathspec's own backend takes 9 s
    assert time.process_time() - start < 4
