"""Words that say nothing in a question: English ones, and those of the language that it seems to be in."""

from collections.abc import Iterable

_ENGLISH = (
    "a an and are as at be been but by can did do does for from had has have here how i if in into is it "
    "its me my no not of on or our so than that the their them then there these they this those to us was "
    "we were what when where which who whom whose why will with would you your"
)
_FILLERS = "code please"
ENGLISH = frozenset(f"{_ENGLISH} {_FILLERS}".split())

_OTHERS = tuple(
    frozenset(words.split())
    for words in (
        # German
        "aber alle als am an auf aus bei beim bis da das dass dem den der des die diese dieser dieses "
        "durch ein eine einem einen einer eines er es für gibt hat hier ich ihr im in ist kann man mit "
        "nach nicht nur ob oder sich sie sind so um und unter vom von vor wann war warum was welche "
        "welchem welchen welcher welches wenn wer werden wie wird wo wohin über zu zum zur",
        # French
        "au aux avec ce ces cet cette comment d dans de des donc du elle elles en est et il ils je l la "
        "le les leur lors mais ne nous on ont ou où par pas pour pourquoi qu quand que quel quelle "
        "quelles quels qui s sa se ses son sont sur un une y à été être",
        # Spanish
        "al como con cuando cuándo cuánto cuál cómo de del donde dónde el en entre es esta este está "
        "están hay la las le lo los más no o para pero por porque que qué quién se ser si sin sobre son "
        "su sus un una unas unos y",
        # Portuguese
        "a ao aos as com como da das de do dos e ela ele em entre essa esse está este eu foi há isso mais "
        "mas na nas no nos não o onde os ou para pela pelo por porque qual quando que quem se sem ser seu "
        "sua são um uma",
        # Italian
        "a al alla anche che chi ci come con cosa cui da dal dalla de dei del della delle di dove e ed "
        "gli ha i il in io la le lo ma nel nella non o per perché più quale quando questa questo si sono "
        "su sul sulla tra un una è",
        # Russian
        "без бы был быть в вам во вот все где для до его ее если есть же за и из или их к как какая какие "
        "какой когда кто ли мы на не но о об он она они от по почему при с со так там то у что чтобы эта "
        "эти это я",
    )
)
_CODE = (
    "am as com con da das del den des die do el em es ha il im io la las le lo ma man mas mit no non os par "
    "per se si so son sur um un war"
)
_ALSO_CODE = frozenset(_CODE.split())
"""Words of these languages that are no sign of them, since code and English have them too."""
_EVIDENCE = 2
"""So many other words of a language tell that a question is asked in it; one that is not ASCII is enough."""


def stop_words_of(words: Iterable[str]) -> frozenset[str]:
    """Return the stop words for a question with these words, lower case."""
    telling = {word for word in words if len(word) > 1} - ENGLISH - _ALSO_CODE
    found = ENGLISH
    for language in _OTHERS:
        if sum(1 if word.isascii() else _EVIDENCE for word in telling & language) >= _EVIDENCE:
            found |= language
    return found
