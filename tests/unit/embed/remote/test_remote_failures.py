import email.utils
import time

import pytest

from vexord.embed.remote.failures import failure
from vexord.embed.remote.headers import duration_s, rates, retry_after_s
from vexord.embed.remote.seam import (
    ProviderError,
    Rate,
    Refused,
    Rejected,
    Throttled,
    TooLarge,
    Transient,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("6m0s", 360.0),
        ("17ms", 0.017),
        ("1h2m3.5s", 3723.5),
        ("2", 2.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("-1", None),
    ],
)
def test_durations(value: str | None, seconds: float | None) -> None:
    assert duration_s(value) == (None if seconds is None else pytest.approx(seconds))


def test_retry_after_in_milliseconds_seconds_or_as_a_date() -> None:
    assert retry_after_s({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after_s({"retry-after": "9"}) == 9.0
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    assert retry_after_s({"retry-after": date}) == pytest.approx(30, abs=2)
    assert retry_after_s({"retry-after": "tomorrow"}) is None
    assert retry_after_s({}) is None


def test_rates_of_the_headers() -> None:
    headers = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "120ms",
        "x-ratelimit-remaining-tokens": "no number",
    }
    assert rates(headers) == {"requests": Rate(limit=500, remaining=499, reset_s=0.12)}


@pytest.mark.parametrize(
    ("status", "code", "text", "kind"),
    [
        (401, "invalid_api_key", "Incorrect API key provided: sk-SECRET", Refused),
        (403, "", "", Refused),
        (404, "model_not_found", "The model `x` does not exist", Refused),
        (400, "", "model 'x' not found, try pulling it first", Refused),
        (429, "insufficient_quota", "You exceeded your current quota", Refused),
        (429, "rate_limit_exceeded", "Rate limit reached on tokens per min (TPM)", Throttled),
        (413, "", "Payload Too Large", TooLarge),
        (400, "", "This model's maximum context length is 8192 tokens, SECRET", TooLarge),
        (400, "", "Requested 400000 tokens, max 300000 tokens per request", TooLarge),
        (422, "", "inputs must have less than 512 tokens. Given: 900. batch size 64 > maximum", TooLarge),
        (400, "", "the input is too large to process. increase the physical batch size", TooLarge),
        (400, "", "'$.input' is invalid", Rejected),
        (422, "", "", Rejected),
        (500, "", "", Transient),
        (529, "", "overloaded", Transient),
        (408, "", "", Transient),
    ],
)
def test_the_kind_of_a_failure(status: int, code: str, text: str, kind: type[ProviderError]) -> None:
    error = failure("api.example", status, {"retry-after": "3"}, code=code, text=text)
    assert type(error) is kind
    assert "SECRET" not in str(error)
    assert str(status) in str(error)


def test_throttling_says_of_what_and_how_long() -> None:
    error = failure("api.example", 429, {"retry-after": "3"}, text="… on requests per min (RPM): …")
    assert isinstance(error, Throttled)
    assert (error.resource, error.retry_after_s) == ("requests", 3.0)
