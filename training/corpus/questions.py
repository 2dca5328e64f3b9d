"""Turns documentation into what a person would ask: the same telling words in the frames of questions."""

import random
import re

_MAX_WORDS = 16
_THIRD_PERSON = re.compile(r"[A-Z]?[a-z]{2,}s$")
_ENDING_IN_S = """
this is was has its class does as us plus status process access address less
"""
_NOT_VERBS = frozenset(_ENDING_IN_S.split())
_COMMANDS = """
add allow append apply assert attach build calculate call cancel check clear close collect compare
compile compute configure connect construct convert copy count create decode define delete destroy
detect determine disable dispatch draw emit enable encode ensure execute extract fetch fill filter
find format generate get handle helper initialize insert install invoke join list load lock log look
make map mark match merge move normalize notify open parse perform prepare print process provide
push query raise read receive register release remove rename render replace report reset resolve
restore retrieve return run save scan search select send set show skip sort split start stop store
test transform try unlock update use validate verify wait wrap write
"""
_IMPERATIVES = frozenset(_COMMANDS.split())
_SAYS = (
    "where is the code that {third}", "code that {third}", "function that {third}", "what {third}",
    "which function {third}", "method which {third}", "logic that {third}", "how it {third}",
)  # fmt: skip
_DOES = (
    "how to {base}", "how do we {base}", "where do we {base}", "how does the code {base}", "{base}",
    "how does it {base}", "where does it {base}", "how can I {base}",
)  # fmt: skip
_NAMES = (
    "where is {text}", "how does {text} work", "find {text}", "{text} implementation",
    "how is {text} handled", "what is {text}", "where is {text} defined", "where is {text} implemented",
)  # fmt: skip


def question(text: str, symbol: str, rng: random.Random) -> str:
    """Return a question that the documented definition answers; now and then it names the symbol."""
    first = re.split(r"(?<=[.!?;:])\s", text)[0].rstrip(".!?;: ").split()
    words = (first or text.split())[:_MAX_WORDS]
    verb, rest = words[0], " ".join(words[1:])
    if symbol and rng.random() < 0.25:
        return f"how {symbol} {_lower(verb)} {rest}".strip()
    if verb.lower() in _IMPERATIVES:
        return rng.choice(_DOES).format(base=f"{verb.lower()} {rest}")
    if _THIRD_PERSON.match(verb) and verb.lower() not in _NOT_VERBS and rest:
        frames = _SAYS if rng.random() < 0.5 else _DOES
        return rng.choice(frames).format(third=f"{verb.lower()} {rest}", base=f"{_base(verb.lower())} {rest}")
    return rng.choice(_NAMES).format(text=f"{_lower(verb)} {rest}".strip())


def _lower(word: str) -> str:
    """Lower a word that begins a sentence; names keep their capitals."""
    return word.lower() if word[1:].islower() or len(word) == 1 else word


def _base(verb: str) -> str:
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("sses", "shes", "ches", "xes", "zzes")) else verb[:-1]
