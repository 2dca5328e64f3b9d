"""From a package's files to pairs of query and code."""

import hashlib
import io
import random
import tarfile
from pathlib import Path

import pytest

from training.corpus import exclude, sources
from training.corpus.comments import documented, remarks, sentence
from training.corpus.fetch import FetchError, fetch
from training.corpus.mine import mine
from training.corpus.questions import question
from training.corpus.sources import Source

PYTHON = '''def close_all(pool):
    """Close every idle connection of the pool.

    Busy ones stay.
    """
    for connection in pool.idle:
        connection.close()
        # Nobody may take it out again.
        pool.forget(connection)
    pool.idle.clear()
    return pool
'''
GO = """// Retry runs the call again until it succeeds or attempts run out.
//
// See Backoff.
func Retry(attempts int, call func() error) error {
	for i := 0; i < attempts; i++ {
		if err := call(); err == nil { return nil }
	}
	return errExhausted
}
"""
JAVA = """/**
 * Returns the {@link Cache} that holds <b>parsed</b> headers.
 *
 * @return never null
 */
Cache headers() { return cache; }
"""


def archive_of(tmp_path: Path, files: dict[str, str]) -> Path:
    path = tmp_path / "package-1.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package-1/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def source(**changes: str) -> Source:
    fields = {
        "manager": "pypi", "package": "pool", "version": "1", "file": "package-1.tar.gz", "sha256": "",
        "licence": "MIT",
    }  # fmt: skip
    return Source(**{**fields, **changes})


@pytest.mark.parametrize(
    ("code", "language", "text"),
    [
        (PYTHON, "python", "Close every idle connection of the pool."),
        (GO, "go", "Retry runs the call again until it succeeds or attempts run out."),
        (JAVA, "java", "Returns the Cache that holds parsed headers."),
        (
            "-- | Decode one frame from the wire.\ndecode :: Get Frame\n",
            "haskell",
            "Decode one frame from the wire.",
        ),
        (
            '@doc """\nHalts the node at once.\n\nMore.\n"""\ndef halt(status), do: status\n',
            "elixir",
            "Halts the node at once.",
        ),
        (
            '/// <summary>\n/// Writes one event.\n/// </summary>\n/// <param name="e">It</param>\nvoid W();',
            "csharp",
            "Writes one event.",
        ),
        ("# Stops all workers at once.\ndef stop\nend\n", "ruby", "Stops all workers at once."),
        ("#include <a.h>\nint main(void) { return 0; }\n", "c", ""),
        ("// Copyright 2020 Somebody Else\nint a;\n", "c", ""),
    ],
)
def test_documentation_is_told_from_code(code: str, language: str, text: str) -> None:
    found = documented(code, language)
    assert found.text == text
    if text:
        assert " ".join(text.split()[:3]) not in found.code


def test_a_remark_goes_with_the_lines_after_it() -> None:
    (remark,) = remarks(PYTHON)
    assert remark.text == "Nobody may take it out again."
    assert remark.code.startswith("        pool.forget(connection)")


@pytest.mark.parametrize(
    "line", ["// TODO: make it faster soon", "# eslint-disable-next-line no-undef", "// a b", "//====="]
)
def test_boilerplate_is_no_documentation(line: str) -> None:
    assert sentence([line]) == ""


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("Returns the size of the queue.", "the size of the queue"),
        ("Close every idle connection.", "every idle connection"),
        ("A pool of threads. It grows.", "pool of threads"),
    ],
)
def test_a_question_keeps_the_telling_words(text: str, telling: str) -> None:
    asked = {question(text, "", random.Random(seed)) for seed in range(40)}
    assert len(asked) > 4
    assert all(telling in one and not one.endswith(".") for one in asked)


def test_a_package_gives_records_without_what_was_asked(tmp_path: Path) -> None:
    files = {"src/pool.py": PYTHON, "src/retry.go": GO, "dist/pool.min.js": "x", "src/click/core.py": PYTHON}
    records = mine(source(), archive_of(tmp_path, files))
    assert {record.path for record in records} == {"src/pool.py", "src/retry.go"}
    assert {record.language for record in records} == {"python", "go"}
    docs = [record for record in records if record.source in ("doc", "question")]
    assert len(docs) == 2
    assert not any(
        "idle connection of" in record.code or "attempts run out" in record.code for record in docs
    )
    assert records == mine(source(), archive_of(tmp_path, files))


@pytest.mark.parametrize(
    ("package", "path"),
    [("flask", "a.py"), ("@x/axios", "a.js"), ("a", "lib/Rack/b.rb"), ("a", "src/gson.java")],
)
def test_repositories_of_the_benchmark_are_left_out(package: str, path: str) -> None:
    assert exclude.of_benchmark(package, path)
    assert not exclude.of_benchmark("pool", "src/pool.py")


def test_a_copy_of_benchmark_code_is_known_by_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"result_{number} = compute_step({number})" for number in range(60)]
    known = frozenset(exclude.shingles(["\n".join(lines)]).tolist())
    assert known
    monkeypatch.setattr(exclude, "_known", lambda: known)
    assert exclude.of_benchmark_text("x\n" + "\n".join(f"   {line}" for line in lines))
    assert not exclude.of_benchmark_text("\n".join(reversed(lines)))


def test_an_archive_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    cached = tmp_path / "py-pool" / "package-1.tar.gz"
    cached.parent.mkdir()
    cached.write_bytes(b"other")
    with pytest.raises(FetchError, match="not the pinned one"):
        fetch(source(sha256="0" * 64), tmp_path)
    assert fetch(source(sha256=hashlib.sha256(b"other").hexdigest()), tmp_path) == cached


def test_the_list_is_pinned_permissive_and_free_of_the_benchmark() -> None:
    listed = sources.read()
    assert len(listed) <= 120
    assert len([entry for entry in listed if entry.held_out]) >= 8
    for entry in listed:
        assert len(bytes.fromhex(entry.sha256)) == 32
        assert not {"GPL", "LGPL", "MPL", "AGPL"} & set(entry.licence.replace("-", " ").split())
        assert not exclude.of_benchmark(entry.package, "")
