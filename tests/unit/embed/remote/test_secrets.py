"""What is held back, and what is not."""

import base64
import hashlib
import json
import random
import string
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vexord.embed.remote.secrets import _TOKENS, has_secret, secret_lines

BODY = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6"  # nobody's
SECRET = (
    "AWS_ACCESS_KEY_ID = 'AKIA" + "IOSFODNN7ABCDEFG'",
    f"token: ghp_{BODY}",
    f"client = OpenAI(api_key='sk-proj-{BODY}')",
    f"key = 'AIza{BODY[:35]}'",
    f'slack = "xoxb-{BODY}"',
    "postgres://app:h8Kd03jf@db.internal/app",
    f"Authorization: Bearer eyJhbGciOiJI.eyJzdWIiOiIx.{BODY}",
    'password = "hunter2-tango-77"',
    '{"clientSecret": "9f86d081884c7d659a2f"}',
    f"export SECRET_KEY={BODY}",
    f"api_key => '{BODY}'",
    f'os.environ["DB_PASSWORD"] = "{BODY[:12]}"',
)
PLAIN = (
    "token = get_token_from_request(request)",
    "password = form.cleaned_data['password1']",
    'password = "changeme"',
    'API_KEY = "<your-api-key-goes-here-0123>"',
    "api_key = os.environ['OPENAI_API_KEY']",
    "secret = ${SECRET_FROM_VAULT_2024}",
    "postgres://user:${PASSWORD}@localhost/db",
    "def test_token_expires_after_30_minutes():",
    "tokens_per_minute: int = 0",
    "self.token = self.tokens[index + 1]",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "risk-assessment-and-mitigation-strategy",
)


@pytest.mark.parametrize("line", SECRET)
def test_a_secret_is_seen_on_its_line(line: str) -> None:
    assert {one[:2] for one in secret_lines(f"first\nsecond\n{line}\nfourth\n")} == {(3, 3)}


@pytest.mark.parametrize("line", PLAIN)
def test_code_about_secrets_is_no_secret(line: str) -> None:
    assert secret_lines(f"first\n{line}\n") == []
    assert not has_secret(line)


def test_a_private_key_covers_all_its_lines_and_one_without_end_the_rest() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    assert secret_lines(f"a\n{begin}\nMIIE\nowIB\n{end}\nb\n") == [(2, 5, "private-key")]
    assert secret_lines(f"a\n{begin}\nMIIE\nowIB") == [(2, 4, "private-key")]
    assert secret_lines("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----") == []


def test_a_text_that_almost_matches_everywhere_comes_to_an_end() -> None:
    for text in (
        "token" * 100_000,
        "a://b:" * 100_000,
        "-----BEGIN PRIVATE KE" * 20_000,
        "eyJ" + "a" * 500_000,
        "eyJ-" * 100_000,
        "sk-" * 200_000 + "!",
        "SG." * 200_000,
    ):
        assert secret_lines(text) == []


def form(rule: str) -> st.SearchStrategy[str]:
    """Keys of a form that somebody gives out; made up, without the marks of an example."""
    return st.from_regex(_TOKENS[rule][1], fullmatch=True, alphabet=st.characters(codec="ascii"))


AROUND = (
    "{}", "key = '{}'", '{{"token": "{}"}}', "    - {}  # of the build", "Authorization: Bearer {}",
    "curl -H 'X-Key: {}' https://host/", "export A={}",
)  # fmt: skip


@pytest.mark.parametrize("rule", _TOKENS)
@settings(max_examples=12)
@given(data=st.data())
def test_every_key_of_a_known_form_is_found_wherever_it_stands(rule: str, data: st.DataObject) -> None:
    key = data.draw(form(rule))
    line = data.draw(st.sampled_from(AROUND)).format(key)
    before = data.draw(st.integers(0, 5))
    text = "".join(["x = 1\n"] * before + [line, "\n", "y = 2\n"])
    assert (before + 1, before + 1, rule) in secret_lines(text)
    assert not any(one.last > before + 1 or one.first < before + 1 for one in secret_lines(text))


def look_alikes() -> list[str]:
    """Ten thousand lines that are long and random, and no secrets: hashes, ids, images, lock files, sums."""
    chance = random.Random(7)
    lines: list[str] = []
    for number in range(1_000):
        raw = chance.randbytes(64)
        digest = hashlib.sha512(raw)
        words = [chance.choice(("get", "token", "secret", "cart", "key", "value")) for _ in range(4)]
        lines += [
            f'    "integrity": "sha512-{base64.b64encode(digest.digest()).decode()}",',
            f'checksum = "{digest.hexdigest()[:64]}"',
            f"commit {digest.hexdigest()[:40]}",
            f"    --hash=sha256:{digest.hexdigest()[:64]} \\",
            str(uuid.UUID(bytes=raw[:16])),
            f"background: url(data:image/png;base64,{base64.b64encode(raw).decode()})",
            f"github.com/x/y v1.{number}.0 h1:{base64.b64encode(raw[:32]).decode()}",
            f'<path d="M{chance.random() * 99:.3f} {chance.random() * 99:.3f}l{number}.5 7.25z"/>',
            f"def {'_'.join(words)}_{number}(token, secret): return {words[0]}.{words[1]}[{number}]",
            f"{''.join(chance.choices(string.ascii_letters, k=40))} = {json.dumps(words)}",
        ]
    return lines


def test_what_only_looks_random_is_not_held_back() -> None:
    lines = look_alikes()
    wrong = [line for line in lines if has_secret(line)]
    assert len(lines) == 10_000
    assert wrong == []
