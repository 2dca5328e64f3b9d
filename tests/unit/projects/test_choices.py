"""What the daemon makes of the settings file, the variables and a project's own file."""

from pathlib import Path

import pytest
from vexor_protocol.settings import ConfigError

from vexord.projects.choices import Choices


def write(folder: Path, text: str) -> str:
    (folder / "config.toml").write_text(text)
    return str(folder)


def test_nothing_chosen_is_the_embedded_model(tmp_path: Path) -> None:
    embedding = Choices.load(str(tmp_path), {}).embedding
    assert (embedding.provider, embedding.model, embedding.is_remote) == ("local", "vexord-code", False)
    assert embedding.key({}) is None


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path, '[embedding]\nmodel = "minilm"\n')
    assert Choices.load(folder, {}).embedding.model == "minilm"
    assert Choices.load(folder, {"VEXORD_MODEL": " "}).embedding.model == "minilm"
    assert Choices.load(folder, {"VEXORD_MODEL": "vexord-code"}).embedding.model == "vexord-code"


def test_a_remote_provider_has_all_that_it_needs(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        '[embedding]\nprovider = "azure"\nbase_url = "https://me.openai.azure.com"\ndeployment = "small"\n'
        'api_version = "2024-10-21"\ndimensions = 512\nrequests_per_minute = 60\ntokens_per_minute = 9000\n',
    )
    embedding = Choices.load(folder, {}).embedding
    assert embedding.is_remote
    assert (embedding.base_url, embedding.deployment) == ("https://me.openai.azure.com", "small")
    assert (embedding.api_version, embedding.dimensions) == ("2024-10-21", 512)
    assert (embedding.requests_per_minute, embedding.tokens_per_minute) == (60, 9000)
    key = embedding.key({"AZURE_OPENAI_API_KEY": "azure-key"})
    assert key is not None
    assert (key.value, key.origin) == ("azure-key", "$AZURE_OPENAI_API_KEY")
    assert "azure-key" not in repr(key)


def test_a_local_model_that_is_none_is_refused_but_a_remote_one_is_not_ours_to_know(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\$VEXORD_MODEL: 'x' is no local model") as caught:
        Choices.load(str(tmp_path), {"VEXORD_MODEL": "x"})
    assert caught.value.hint == "one of: vexord-code, minilm, model2vec:FOLDER, fastembed:NAME"
    chosen = Choices.load(str(tmp_path), {"VEXORD_MODEL": "x", "VEXORD_PROVIDER": "openai"})
    assert chosen.embedding.model == "x"


def test_a_projects_own_file_may_place_its_index(tmp_path: Path) -> None:
    root, folder = tmp_path / "project", write(tmp_path, '[index]\nignore = ["*.min.js"]\n')
    root.mkdir()
    choices = Choices.load(folder, {})
    assert choices.ignore == ("*.min.js",)
    assert not choices.in_project(str(root))
    (root / ".vexord.toml").write_text('[index]\nplace = "project"\n')
    assert choices.in_project(str(root))
    assert Choices().settings == Choices.load(str(root), {}).settings
