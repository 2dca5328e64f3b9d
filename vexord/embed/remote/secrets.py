"""Finds lines of a text that look as if they held a secret: they are never sent to a provider.

It errs towards holding back: a chunk that is held back is still found by its words and by the local model.
"""

import math
import re
from bisect import bisect_right
from collections import Counter

_TOKEN = re.compile(
    r"""
      \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b                                  # AWS
    | \bgh[pousr]_[A-Za-z0-9]{36} | \bgithub_pat_[A-Za-z0-9_]{40}              # GitHub
    | \bgl(?:pat|dt|rt|ptt|agent|ft|cbt|soat)-[A-Za-z0-9_-]{20}                # GitLab
    | \bxox[abceoprs]-[A-Za-z0-9-]{10} | \bxapp-\d-[A-Za-z0-9-]{20}            # Slack
    | hooks\.slack\.com/services/\w+/\w+/\w+
    | \b[rs]k_live_[A-Za-z0-9]{16} | \bwhsec_[A-Za-z0-9+/=]{24}                # Stripe
    | \bsk-[A-Za-z0-9_-]*[A-Za-z0-9]{20}                                       # OpenAI, Anthropic, their kin
    | \bAIza[A-Za-z0-9_-]{35} | \bya29\.[A-Za-z0-9_-]{20} | \bGOCSPX-[A-Za-z0-9_-]{20}   # Google
    | \bnpm_[A-Za-z0-9]{36} | \bpypi-AgEI[A-Za-z0-9_-]{40} | \bhf_[A-Za-z0-9]{30}
    | \bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16} | \bSK[0-9a-f]{32}\b         # SendGrid, Twilio
    | \bdop_v1_[0-9a-f]{64} | \bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}             # DigitalOcean, Shopify
    | \beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8}           # a JSON Web Token
    | \bAccountKey=[A-Za-z0-9+/=]{40}                                          # Azure storage
    """,
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z0-9 ]{0,40}-----|.*)", re.DOTALL
)
_IN_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@'\"]{1,100}:([^\s/:@'\"]{3,100})@")
"""A password in a URL."""
_ASSIGNMENT = re.compile(
    r"""(?: secret | token | passw(?:or)?d | passwd | pwd | passphrase | api[_-]?key | access[_-]?key
          | auth[_-]?key | private[_-]?key | encryption[_-]?key | signing[_-]?key | credentials? )
        [A-Za-z0-9_.-]{0,30} ["'\])]{0,3} \s{0,8} (?: := | => | [=:] ) \s{0,8}
        (?: (["'`]) ([^"'`\s]{8,500}) \1 | ([A-Za-z0-9+/=_~.-]{16,500}) )""",
    re.VERBOSE | re.IGNORECASE,
)
"""A name that says secret, and the value given to it: quoted, or bare as in settings files."""
_PLACEHOLDER = re.compile(
    r"[<>{}$%*]|x{4}|\.{3}|example|placeholder|change[_-]?me|your[_-]|dummy|fake|redacted|insert[_-]?here",
    re.IGNORECASE,
)
_QUOTED_BITS, _BARE_BITS = 2.75, 3.25
"""Shannon entropy per character from which a value looks random: words of a language have less variety."""


def secret_lines(text: str) -> list[tuple[int, int]]:
    """Return the ranges of lines, 1-based and inclusive, that look as if they held a secret; in order."""
    found = [match.span() for pattern in (_TOKEN, _PRIVATE_KEY) for match in pattern.finditer(text)]
    found += [match.span() for match in _IN_ADDRESS.finditer(text) if not _PLACEHOLDER.search(match[1])]
    found += [match.span() for match in _ASSIGNMENT.finditer(text) if _looks_random(match)]
    if not found:
        return []
    breaks = [match.start() for match in re.finditer("\n", text)]
    return sorted({(bisect_right(breaks, a) + 1, bisect_right(breaks, b - 1) + 1) for a, b in found})


def has_secret(text: str) -> bool:
    """Whether anything in a text looks like a secret."""
    return bool(secret_lines(text))


def _looks_random(match: "re.Match[str]") -> bool:
    quoted, bare = match[2], match[3]
    value = quoted or bare
    if _PLACEHOLDER.search(value) or not any(map(str.isdigit, value)):
        return False
    if quoted is None and not any(map(str.isalpha, value)):
        return False
    return _bits(value) >= (_BARE_BITS if quoted is None else _QUOTED_BITS)


def _bits(value: str) -> float:
    """Return the Shannon entropy of a value's characters, in bits a character."""
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())
