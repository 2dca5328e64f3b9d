"""Layers of settings, their table, and what is refused."""

import os
from pathlib import Path

import pytest
from vexor_protocol.configuration import Found, ProjectFile, load, read_project_file, with_project
from vexor_protocol.settings import PROVIDERS, SETTINGS, ConfigError, Setting, setting


def write(folder: Path, text: str) -> str:
    (folder / "config.toml").write_text(text)
    return str(folder)


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    assert load(str(tmp_path), {})["index.mode"] == Found("auto", "default")
    folder = write(tmp_path, '[index]\nmode = "full"\n')
    user = load(folder, {})
    assert user["index.mode"] == Found("full", "config.toml")
    project = ProjectFile({"index.mode": "head"})
    assert with_project(user, project)["index.mode"] == Found("head", ".vexord.toml")
    environment = load(folder, {"VEXORD_MODE": "name"})
    assert with_project(environment, project)["index.mode"] == Found("name", "$VEXORD_MODE")


def test_every_setting_can_be_written_and_read(tmp_path: Path) -> None:
    texts = {"embedding.base_url": "https://x.example"}

    def line(one: Setting) -> str:
        if isinstance(one.default, tuple):
            return f'{one.name} = ["a", "b"]'
        if isinstance(one.default, int):
            return f"{one.name} = 7"
        return f'{one.name} = "{texts.get(one.name) or (*one.words, "text")[-1 - bool(one.words)]}"'

    found = load(write(tmp_path, "\n".join(map(line, SETTINGS))), {})
    assert {one.origin for one in found.values()} == {"config.toml"}
    assert found["index.ignore"].value == ("a", "b")
    assert found["embedding.tokens_per_minute"].value == 7


@pytest.mark.parametrize(
    ("text", "says", "mend"),
    [
        ('[embedding]\nmodle = "minilm"', "unknown key 'modle'", "did you mean 'model'"),
        ('[embeding]\nmodel = "minilm"', "unknown key 'embeding'", "did you mean 'embedding'"),
        ('[embedding]\napi_key = "sk-1"', "unknown key 'api_key'", "config set-key"),
        ("[embedding]\nmodel = 3", "3 is no text", 'model = "TEXT"'),
        ('[embedding]\nprovider = "opnai"', "'opnai' is not one of", "did you mean 'openai'"),
        ("[embedding]\ndimensions = -1", "no whole number", "dimensions = 0"),
        ("[embedding]\ndimensions = true", "no whole number", "dimensions = 0"),
        ("[index]\nignore = 'x'", "no list of texts", "ignore = "),
        ('[embedding]\nbase_url = "ftp://x"', "no address", "https://"),
        ('[embedding]\nbase_url = "https://me:pw@x"', "holds a name or password", "set-key"),
        ('[embedding]\nprovider = "compatible"', "needs embedding.base_url", "config set base_url"),
        ("embedding = 1", "not a table", "[embedding]"),
        ("nonsense", "not TOML", "mend that line"),
        ("x = 1", "unknown key 'x'", "did you mean"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(tmp_path: Path, text: str, says: str, mend: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        load(write(tmp_path, text), {})
    assert mend in caught.value.hint
    assert "pw" not in caught.value.message


def test_wrong_variables_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\$VEXORD_PROVIDER: 'x' is not one of"):
        load(str(tmp_path), {"VEXORD_PROVIDER": "x"})
    with pytest.raises(ConfigError, match=r"\$VEXORD_DIMENSIONS: 'many' is no whole number"):
        load(str(tmp_path), {"VEXORD_DIMENSIONS": "many"})
    assert load(str(tmp_path), {"VEXORD_DIMENSIONS": " 256 "})["embedding.dimensions"].value == 256


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path), {})


def test_a_provider_brings_its_usual_model(tmp_path: Path) -> None:
    models = {
        provider: load(str(tmp_path), {"VEXORD_PROVIDER": provider})["embedding.model"].value
        for provider in PROVIDERS
        if provider not in ("azure", "compatible")
    }
    assert models["local"] == "vexord-code"
    assert models["openai"] == "text-embedding-3-small"
    assert all(models.values())


def test_a_setting_is_found_by_its_key_alone() -> None:
    assert setting("mode").name == setting("index.mode").name == "index.mode"
    with pytest.raises(ConfigError, match=r"no setting 'embedding\.modl'") as caught:
        setting("embedding.modl")
    assert "'embedding.model'" in caught.value.hint
    with pytest.raises(ConfigError, match="not kept in a settings file"):
        setting("embedding.api_key")


def test_of_a_projects_file_what_is_allowed_is_applied_and_the_rest_is_named(tmp_path: Path) -> None:
    (tmp_path / ".vexord.toml").write_text(
        'x = 1\n[index]\nmode = "brief"\nmoed = "x"\nplace = 3\n'
        '[embedding]\nmodel = "m"\n[keys]\nopenai = "k"\n'
    )
    file = read_project_file(str(tmp_path))
    assert file.values == {"index.mode": "brief"}
    assert len(file.problems) == 5
    assert any("'moed'" in problem for problem in file.problems)
    assert any("embedding.model is for your own" in problem for problem in file.problems)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "huge", "bytes"])
def test_a_projects_file_that_is_no_file_of_settings_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ".vexord.toml"
    match kind:
        case "link":
            (tmp_path / "other").write_text('[index]\nmode = "name"\n')
            path.symlink_to(tmp_path / "other")
        case "fifo":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "huge":
            path.write_bytes(b"#" * (1 << 20))
        case _:
            path.write_bytes(b"\xff\xfe")
    file = read_project_file(str(tmp_path))
    assert file.values == {}
    assert len(file.problems) == 1


def test_what_a_user_leaves_out_everywhere_a_project_cannot_bring_back(tmp_path: Path) -> None:
    user = load(write(tmp_path, '[index]\nignore = ["*.pem"]\n'), {})
    merged = with_project(user, ProjectFile({"index.ignore": ("data/",)}))
    assert merged["index.ignore"] == Found(("*.pem", "data/"), "config.toml, .vexord.toml")


def test_the_written_table_is_the_one_of_the_code() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "configuration.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [one.name for one in SETTINGS]
    for row, one in zip(rows, SETTINGS, strict=True):
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells[2].strip("`") == one.variable
        assert (cells[3] == "yes") == one.in_project
        assert cells[4].startswith(one.help)
        assert all(f"`{word}`" in cells[4] for word in one.words)
