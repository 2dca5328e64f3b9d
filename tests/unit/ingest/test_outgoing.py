"""What a second model is given."""

import pytest

from vexord.index.types import Chunk
from vexord.ingest.outgoing import give_local, give_remote, secret_file

KEY = "aws = 'AKIA" + "IOSFODNN7ABCDEFG'\n"


def chunk(line: int, text: str) -> Chunk:
    lines = text.count("\n")
    return Chunk(line, line + lines - 1, 0, len(text), text, symbol="f", parent="C")


def file(*texts: str) -> tuple[str, list[Chunk]]:
    chunks, line = [], 1
    for text in texts:
        chunks.append(chunk(line, text))
        line += text.count("\n")
    return "".join(texts), chunks


def test_a_provider_gets_the_same_text_wherever_the_file_lies() -> None:
    code = file("def f():\n    pass\n", "def g():\n    pass\n")
    here, there = give_remote("src/a.py", code), give_remote("lib/b.py", code)
    assert here == there
    assert list(here.texts.values()) == ["def f():\n    pass\n", "def g():\n    pass\n"]
    assert give_local("src/a.py", code) != give_local("lib/b.py", code)
    assert give_local("src/a.py", code).texts.keys().isdisjoint(here.texts)


def test_chunks_with_a_secret_stay_here_and_are_counted() -> None:
    begin, end = "-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n"
    given = give_remote("a.py", file("one = 1\n", f"# x\n{KEY}", begin, "MIIEvQIBADANBg\n", end, "two = 2\n"))
    assert list(given.texts.values()) == ["one = 1\n", "two = 2\n"]
    assert given.held_back == 4
    assert len(give_local("a.py", file("one = 1\n", KEY)).texts) == 2, "a model on this machine may see it"


def test_a_file_of_secrets_stays_here_whole_and_what_only_names_a_file_is_no_text() -> None:
    assert give_remote("deploy/.env", file("A=1\n", "B=2\n")).held_back == 2
    assert (
        give_remote("image.png", ("", [Chunk(1, 1, 0, 0, "", symbol="image.png", kind="binary")])).texts == {}
    )


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("deploy/.env", True),
        (".env.example", False),
        ("keys/id_rsa", True),
        ("a/server.pem", True),
        ("src/keys.py", False),
        ("deploy/prod.tfvars", True),
        ("home/.cargo/credentials.toml", True),
        ("src/credentials.toml", False),
        (".zsh_history", True),
        ("AuthKey_X.P8", True),
        ("kubeconfig.go", False),
        ("charts/templates/secrets.yaml", False),
    ],
)
def test_files_of_secrets(path: str, secret: bool) -> None:
    assert secret_file(path) == secret
