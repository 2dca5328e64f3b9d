"""The settings file and the variables."""

from pathlib import Path

import pytest

from vexord.projects.choices import ChoiceError, Choices


def test_nothing_chosen_is_the_embedded_model(tmp_path: Path) -> None:
    assert Choices.load(str(tmp_path), {}).model == "vexord-code"


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[embedding]\nmodel = "minilm"\n')
    assert Choices.load(str(tmp_path), {}).model == "minilm"
    assert Choices.load(str(tmp_path), {"VEXORD_MODEL": " "}).model == "minilm"
    assert Choices.load(str(tmp_path), {"VEXORD_MODEL": "vexord-code"}).model == "vexord-code"


@pytest.mark.parametrize(
    ("text", "says", "mend"),
    [
        ('[embedding]\nmodle = "minilm"', "unknown key 'modle'", "did you mean 'model'"),
        ('[embeding]\nmodel = "minilm"', "unknown key 'embeding'", "did you mean 'embedding'"),
        ("[embedding]\nmodel = 3", "is 3, which is no model", "vexord-code, minilm"),
        ('[embedding]\nmodel = "gpt"', "is 'gpt', which is no model", "vexord-code, minilm"),
        ("embedding = 1", "not a table", r"\[embedding\]"),
        ("nonsense", "not TOML", "mend that line"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(tmp_path: Path, text: str, says: str, mend: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ChoiceError, match=says) as caught:
        Choices.load(str(tmp_path), {})
    assert caught.match(says)
    assert mend.replace("\\", "") in caught.value.hint


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChoiceError, match=r"\$VEXORD_MODEL is 'x'"):
        Choices.load(str(tmp_path), {"VEXORD_MODEL": "x"})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ChoiceError, match="cannot be read"):
        Choices.load(str(tmp_path), {})
