"""Moments as they are told."""

import time


def utc_text(moment_s: float) -> str:
    """Return seconds since the epoch as RFC 3339 in UTC, whole seconds: `2026-01-31T08:15:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment_s))
