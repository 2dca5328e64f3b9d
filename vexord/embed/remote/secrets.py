"""Finds lines of a text that look as if they held a secret: they are never sent to a provider.

It errs towards holding back: a chunk that is held back is still found by its words and by the local model.
"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

_TOKENS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "aws": (("AKIA", "ASIA", "ABIA", "ACCA"), r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    "github": (("gh", "github_pat_"), r"\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{40}"),
    "gitlab": (("gl",), r"\bgl(?:pat|dt|rt|ptt|agent|ft|cbt|soat|imt|oas)-[A-Za-z0-9_-]{20}"),
    "slack": (
        ("xox", "xapp-", "hooks.slack.com"),
        r"\bxox[abceoprs]-[A-Za-z0-9-]{10}|\bxapp-\d-[A-Za-z0-9-]{20}"
        r"|hooks\.slack\.com/(?:services|workflows)/\w+/\w+/\w+",
    ),
    "stripe": (
        ("k_live_", "k_test_", "k_prod_", "whsec_"),
        r"\b[rs]k_(?:live|test|prod)_[A-Za-z0-9]{16}|\bwhsec_[A-Za-z0-9+/=]{24}",
    ),
    "openai": (("sk-",), r"\bsk-[A-Za-z0-9_-]{0,200}[A-Za-z0-9]{20}"),  # and Anthropic, and their kin
    "google": (
        ("AIza", "ya29.", "GOCSPX-"),
        r"\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20}|\bGOCSPX-[A-Za-z0-9_-]{20}",
    ),
    "npm": (("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    "pypi": (("pypi-AgE",), r"\bpypi-AgE[A-Za-z0-9_-]{40}"),
    "huggingface": (("hf_",), r"\bhf_[A-Za-z0-9]{30}"),
    "sendgrid": (("SG.",), r"\bSG\.[A-Za-z0-9_-]{16,66}\.[A-Za-z0-9_-]{16}"),
    "twilio": (("SK",), r"\bSK[0-9a-f]{32}\b"),
    "digitalocean": (("_v1_",), r"\bdo[opr]_v1_[0-9a-f]{64}"),
    "shopify": (("shp",), r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"),
    "azure": (
        ("AccountKey=", "SharedAccessKey=", "Q~"),
        r"(?:Account|SharedAccess)Key=[A-Za-z0-9+/=]{40}|[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31}",
    ),
    "vault": (("hvs.", "hvb."), r"\bhv[sb]\.[A-Za-z0-9_-]{24}"),
    "terraform": ((".atlasv1.",), r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60}"),
    "docker": (("dckr_",), r"\bdckr_[op]at_[A-Za-z0-9_-]{27}"),
    "grafana": (("glc_", "glsa_"), r"\bgl(?:c|sa)_[A-Za-z0-9+/_=]{32}"),
    "databricks": (("dapi",), r"\bdapi[0-9a-f]{32}\b"),
    "telegram": ((":AA",), r"\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b"),
    "atlassian": (("ATATT3",), r"\bATATT3[A-Za-z0-9_=-]{60}"),
    "linear": (("lin_api_",), r"\blin_api_[A-Za-z0-9]{40}"),
    "postman": (("PMAK-",), r"\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    "newrelic": (("NRAK-",), r"\bNRAK-[A-Z0-9]{27}"),
    "sentry": (("sntry",), r"\bsntry[su]_[A-Za-z0-9+/=_-]{40}"),
    "rubygems": (("rubygems_",), r"\brubygems_[0-9a-f]{48}"),
    "age": (("AGE-SECRET-KEY-1",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{58}"),
    "jwt": (
        ("eyJ",),
        r"\beyJ[A-Za-z0-9_-]{8,2000}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8}",
    ),  # a JSON Web Token
}
"""Who gives it out → what every such key holds (looked for first: it is quick), and the key's form."""
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z0-9 ]{0,40}-----|.*)", re.DOTALL
)
_RULES = (
    *((name, needles, re.compile(pattern)) for name, (needles, pattern) in _TOKENS.items()),
    ("private-key", ("PRIVATE KEY",), _PRIVATE_KEY),
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


class Secret(NamedTuple):
    """A stretch of lines that looks like a secret, and the rule that says so; never the secret itself."""

    first: int
    last: int
    """1-based, both inclusive."""
    rule: str
    """A name of `_TOKENS`, or `private-key`, `password-in-url`, `assigned`."""


def secret_lines(text: str) -> list[Secret]:
    """Return what looks like secrets in a text, in order of lines."""
    found = [
        (match.span(), name)
        for name, needles, pattern in _RULES
        if any(needle in text for needle in needles)
        for match in pattern.finditer(text)
    ]
    found += [
        (match.span(), "password-in-url")
        for match in _IN_ADDRESS.finditer(text)
        if not _PLACEHOLDER.search(match[1])
    ]
    found += [(match.span(), "assigned") for match in _ASSIGNMENT.finditer(text) if _looks_random(match)]
    if not found:
        return []
    breaks = [match.start() for match in re.finditer("\n", text)]
    return sorted(
        {
            Secret(bisect_right(breaks, start) + 1, bisect_right(breaks, end - 1) + 1, rule)
            for (start, end), rule in found
        }
    )


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
