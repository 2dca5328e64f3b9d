"""What the headers of an answer say of waiting and of what is left of the allowance."""

import email.utils
import math
import re
import time
from collections.abc import Mapping

from vexord.embed.remote.seam import Rate, Rates, Resource

_RESOURCES: tuple[Resource, ...] = ("requests", "tokens")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds to wait: `retry-after-ms`, else `Retry-After` in seconds or as a date; else None."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is None and value:
        date = email.utils.parsedate_tz(value)
        if date is not None:
            seconds = max(0.0, email.utils.mktime_tz(date) - time.time())
    return seconds


def rates(headers: Mapping[str, str]) -> Rates:
    """Return what `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` say; empty where they are not."""
    said: Rates = {}
    for resource in _RESOURCES:
        limit = _number(headers.get(f"x-ratelimit-limit-{resource}"))
        remaining = _number(headers.get(f"x-ratelimit-remaining-{resource}"))
        reset = duration_s(headers.get(f"x-ratelimit-reset-{resource}"))
        if limit is not None or remaining is not None:
            said[resource] = Rate(limit=limit, remaining=remaining, reset_s=reset)
    return said


def duration_s(value: str | None) -> float | None:
    """Return the seconds of `6m0s`, `17ms`, `1.5`; None for what is no length of time."""
    if value and _DURATION.fullmatch(value):
        return sum(float(number) * _UNIT_S[unit] for number, unit in _PART.findall(value))
    return _number(value)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
