"""`vexorctl import-vexor`, from what vexor 0.30.0 really wrote.

`tests/data/vexor` has its config.json, and a dump of its index.db after `index` of three folders, one of
which is gone.
"""

import hashlib
import json
import sqlite3
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from vexor_protocol.configuration import load

from tests.conftest import StartDaemon
from tests.support.trees import make_tree
from tests.support.xdg import Xdg
from vexorctl.commands import import_vexor
from vexorctl.errors import ClientError
from vexorctl.main import command_parser
from vexord.index.embed_text import embed_text
from vexord.ingest.extract import extract
from vexord.ingest.modes import chunks_of

DATA = Path(__file__).resolve().parents[2] / "data" / "vexor"
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(xdg: Xdg, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user of vexor."""
    folder = xdg.home / ".vexor"
    folder.mkdir()
    (folder / "config.json").write_text((DATA / "config.json").read_text())
    with sqlite3.connect(folder / "index.db") as database:
        database.executescript((DATA / "index.sql").read_text().replace("@HOME@", str(xdg.home)))
    database.close()
    make_tree(xdg.home / "src" / "shop", {"cart.py": (DATA / "shop" / "cart.py").read_text()})
    make_tree(xdg.home / "src" / "notes", {"a.txt": "buy milk\n", "b.md": "z\n"})
    for variable in ("VEXOR_API_KEY", "VEXOR_CONFIG_JSON"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.chdir(xdg.home)
    return xdg.home


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_it(*words: str) -> tuple[int, str]:
        status = import_vexor.run(command_parser("import-vexor", import_vexor).parse_args(words))
        return status, capsys.readouterr().out

    return run_it


def config_of(xdg: Xdg) -> dict[str, object]:
    return {
        name: found.value
        for name, found in load(str(xdg.config / "vexord"), {}).items()
        if found.origin == "config.toml"
    }


def test_a_dry_run_says_everything_and_changes_nothing(home: Path, xdg: Xdg, run: Run) -> None:
    status, out = run("--dry-run")
    assert status == 0
    assert "would set       embedding.provider = compatible" in out
    assert f"would register  {home}/src/notes in mode head" in out
    assert f"would register  {home}/src/shop\n" in out
    assert f"{home}/src/gone: there is no such folder any more" in out
    assert "rerank = hybrid: words and meaning are always ranked together" in out
    assert f"{home}/src/notes: exclude patterns old/**: add them to {home}/src/notes/.vexorignore" in out
    assert "10 cached embeddings of stub-embed" in out
    assert "sk-vexor-secret" not in out
    assert list((xdg.config).iterdir()) == []
    assert list(xdg.state.iterdir()) == []
    assert xdg.processes() == []


def test_settings_key_and_folders_are_taken_over(home: Path, xdg: Xdg, run: Run, daemon: StartDaemon) -> None:
    running = daemon()
    status, out = run()
    assert status == 0
    assert config_of(xdg) == {
        "embedding.provider": "compatible", "embedding.model": "stub-embed",
        "embedding.base_url": "http://127.0.0.1:18765/v1",
    }  # fmt: skip
    key = xdg.config / "vexord" / "keys" / "compatible"
    assert key.read_text() == "sk-vexor-secret\n"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "sk-vexor-secret" not in out
    projects = {entry["project"]: entry["mode"] for entry in running.request("projects")["projects"]}
    assert projects == {f"{home}/src/notes": "head", f"{home}/src/shop": "auto"}
    assert (home / ".vexor" / "config.json").read_text() == (DATA / "config.json").read_text()

    _, again = run()
    assert f"was registered  {home}/src/shop" in again
    assert "kept yours      embedding.provider = compatible" in again
    assert "kept yours      key of compatible" in again


def test_what_the_user_chose_here_before_stays(home: Path, xdg: Xdg, run: Run, daemon: StartDaemon) -> None:
    (xdg.config / "vexord").mkdir()
    (xdg.config / "vexord" / "config.toml").write_text('[embedding]\nmodel = "minilm"\n')
    daemon()
    _, out = run()
    assert config_of(xdg) == {"embedding.model": "minilm"}
    assert "kept yours      embedding.model = minilm" in out


def test_the_environment_of_vexor_is_read_and_a_key_in_it_is_not_copied(
    home: Path, xdg: Xdg, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / ".vexor" / "config.json").write_text('{"provider": "openai", "rerank": "off"}')
    monkeypatch.setenv("VEXOR_CONFIG_JSON", '{"provider": "voyageai", "embedding_dimensions": 512}')
    monkeypatch.setenv("VEXOR_API_KEY", "pa-secret")
    _, out = run("--dry-run")
    assert "embedding.provider = voyage\n" in out
    assert "embedding.model = voyage-3-large\n" in out
    assert "embedding.dimensions = 512\n" in out
    assert "the key in $VEXOR_API_KEY: set $VEXORD_API_KEY" in out
    assert "pa-secret" not in out
    assert "rerank" not in out


def test_a_local_model_has_the_embedded_one_in_its_place(home: Path, xdg: Xdg, run: Run) -> None:
    (home / ".vexor" / "config.json").write_text(
        json.dumps({"provider": "local", "model": "intfloat/multilingual-e5-small"})
    )
    _, out = run("--dry-run")
    assert "local model intfloat/multilingual-e5-small: the embedded model takes its place" in out
    assert "would set" not in out


def test_no_vector_that_vexor_paid_for_is_of_a_text_that_we_embed(home: Path) -> None:
    with sqlite3.connect(home / ".vexor" / "index.db") as database:
        hashes = {row[0] for row in database.execute("SELECT text_hash FROM embedding_cache")}
    database.close()

    def known(text: str) -> bool:
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() in hashes

    assert known("a.txt :: buy milk"), "the way in which vexor makes its keys"
    for path, raw in (("cart.py", (DATA / "shop" / "cart.py").read_bytes()), ("a.txt", b"buy milk\n")):
        for mode in ("auto", "name", "head", "brief", "full", "code", "outline"):
            for chunk in chunks_of(mode, path, extract(path, raw)):
                assert not known(embed_text(path, chunk))
                assert not known(chunk.text)


@pytest.mark.parametrize(
    ("content", "says"), [("{", "not JSON"), ("[]", "not a JSON object"), ("\udc80", "cannot be read")]
)
def test_broken_settings_of_vexor_are_named(home: Path, run: Run, content: str, says: str) -> None:
    (home / ".vexor" / "config.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ClientError, match=says):
        run("--dry-run")


def test_a_broken_database_is_named(home: Path, run: Run) -> None:
    (home / ".vexor" / "index.db").write_bytes(b"nonsense" * 1_000)
    with pytest.raises(ClientError, match=r"index\.db cannot be read"):
        run("--dry-run")


def test_without_vexor_there_is_nothing_to_import(
    xdg: Xdg, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(xdg.home)
    with pytest.raises(ClientError, match="nothing of vexor"):
        run()
