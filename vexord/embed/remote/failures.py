"""An answer that is a failure, by status and text, becomes one of the seam's errors."""

import logging
import re
import traceback
from collections.abc import Mapping

from vexord.embed.remote import headers as said
from vexord.embed.remote.seam import (
    BadAnswer,
    ProviderError,
    Refused,
    Rejected,
    Resource,
    Throttled,
    TooLarge,
    Transient,
)

logger = logging.getLogger(__name__)

_TOO_LARGE = re.compile(
    r"too (large|long|big|many (tokens|inputs|texts|items))|maximum (context|input|number|batch|allowed)"
    r"|max(imum)?[ _](input[ _])?(tokens|length|batch|items|inputs)|context[ _](length|size|window)"
    r"|(exceed|larger|longer)\w* (than )?(the )?(max|limit|context|batch|physical|allowed)"
    r"|max(imum)? \d+ tokens|at most \d+ (requests|inputs|texts|items)|batch size",
    re.IGNORECASE,
)
"""How OpenAI, Azure, Voyage, Cohere, Gemini, vLLM, llama.cpp and text-embeddings-inference put it."""
_NO_BALANCE = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_NO_MODEL = re.compile(
    r"model_not_found|model .{0,80}(not (found|exist|support)|does not exist)", re.IGNORECASE
)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")


def failure(
    where: str, status: int, headers: Mapping[str, str], code: str = "", kind: str = "", text: str = ""
) -> ProviderError:
    """Return the error for a status, with the provider's own `code`, `kind` (type) and `text` if it gave any.

    The text is only looked at: it may quote a key or an input, so the message is ours. `where` names the
    provider in it.
    """
    what = f"{where} answered {status}" + (f" ({code})" if _CODE.fullmatch(code) else "")
    retry_after = said.retry_after_s(headers)
    asked_wrongly = status in (400, 422)
    error: ProviderError = Rejected(f"{what}: it does not take this request")
    if not _NO_BALANCE.isdisjoint((code, kind)) or status == 402:
        error = Refused(f"{what}: the account's balance is spent; top it up with the provider")
    elif status in (401, 403):
        error = Refused(f"{what}: the key is not accepted; set another")
    elif 300 <= status < 400:
        error = Refused(f"{what}: it points elsewhere, and nothing is sent there; check base_url")
    elif status == 404 or (asked_wrongly and (_NO_MODEL.search(code) or _NO_MODEL.search(text))):
        error = Refused(f"{what}: no such model or address; check model and base_url")
    elif status == 429:
        error = Throttled(
            f"{what}: too many requests or tokens",
            retry_after_s=retry_after,
            resource=_resource(kind, text),
            rates=said.rates(headers),
        )
    elif status == 413 or (asked_wrongly and _TOO_LARGE.search(text)):
        error = TooLarge(f"{what}: the request is too large")
    elif status in (408, 409, 425) or status >= 500:
        error = Transient(what, retry_after_s=retry_after)
    return error


def unexpected(error: Exception) -> BadAnswer:
    """Return the error for a fault of an SDK, and log where it was: its words may quote a text or a key."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s in the provider's client, %s:%s", type(error).__name__, place.filename, place.lineno)
    return BadAnswer(f"the provider's client failed ({type(error).__name__})")


def _resource(kind: str, text: str) -> Resource | None:
    if kind == "tokens" or "tokens per min" in text:
        return "tokens"
    if kind == "requests" or "requests per min" in text:
        return "requests"
    return None
