"""What is held back, and what is not."""

import pytest

from vexord.embed.remote.secrets import has_secret, secret_lines

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
    assert secret_lines(f"first\nsecond\n{line}\nfourth\n") == [(3, 3)]


@pytest.mark.parametrize("line", PLAIN)
def test_code_about_secrets_is_no_secret(line: str) -> None:
    assert secret_lines(f"first\n{line}\n") == []
    assert not has_secret(line)


def test_a_private_key_covers_all_its_lines_and_one_without_end_the_rest() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    assert secret_lines(f"a\n{begin}\nMIIE\nowIB\n{end}\nb\n") == [(2, 5)]
    assert secret_lines(f"a\n{begin}\nMIIE\nowIB") == [(2, 4)]
    assert secret_lines("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----") == []


def test_a_text_that_almost_matches_everywhere_comes_to_an_end() -> None:
    for text in (
        "token" * 100_000,
        "a://b:" * 100_000,
        "-----BEGIN PRIVATE KE" * 20_000,
        "eyJ" + "a" * 500_000,
    ):
        assert secret_lines(text) == []
