import pytest

from vexord.index.terms import analyse, query_terms
from vexord.words import stem


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("fooBarBaz2", ["foo", "bar", "baz", "2", "foobarbaz2"]),
        ("foo_bar", ["foo", "bar", "foo_bar"]),
        ("HTTPServer", ["http", "server", "httpserver"]),
        ("parseURL2", ["parse", "url", "2", "parseurl2"]),
        ("getIDs", ["get", "id", "getids"]),
        ("URLs", ["url"]),
        ("__init__", ["init"]),
        ("MAX_RETRIES", ["max", "retry", "max_retries"]),
        ("x = y+42;", ["x", "y", "42"]),
        ("0x1F", ["0", "x", "1", "f", "0x1f"]),
        ("naïve Größe", ["naïve", "größe"]),
        ("検索する", ["検索", "索す", "する", "検索する"]),
        ("bad\udcffbyte", ["bad", "byte"]),
        ("_ -- {}", []),
        ("", []),
    ],
)
def test_identifiers_give_their_parts_and_themselves(text: str, terms: list[str]) -> None:
    assert analyse(text) == terms


def test_a_digest_is_one_term() -> None:
    digest = "a1" * 40
    assert analyse(digest) == [digest]


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("files", "file"), ("classes", "class"), ("boxes", "box"), ("caches", "cache"), ("matches", "match"),
        ("hashes", "hash"), ("queries", "query"), ("indices", "index"), ("aliases", "alias"),
        ("sizes", "size"), ("ids", "id"), ("cookies", "cookie"), ("statuses", "status"),
    ],
)  # fmt: skip
def test_plural_and_singular_meet(plural: str, singular: str) -> None:
    assert stem(plural) == stem(singular) == singular


@pytest.mark.parametrize("word", ["class", "status", "bus", "was", "ies"])
def test_words_that_only_look_plural_stay(word: str) -> None:
    assert stem(word) == word


def test_a_query_loses_stop_words_and_repetition() -> None:
    assert query_terms("where do we bind the socket, the sockets?") == ["bind", "socket"]


def test_a_query_of_stop_words_keeps_them() -> None:
    assert query_terms("what is the") == ["what", "is", "the"]


def test_query_and_document_terms_agree() -> None:
    assert query_terms("parseURLs") == analyse("parseURLs")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("使用IndexWriter", ["使用", "index", "writer", "indexwriter"]),
        ("ファイルsizeの計算", ["ファ", "ァイ", "イル", "ファイル", "size", "の計", "計算", "の計算"]),
        ("佐々木", ["佐々", "々木", "佐々木"]),
        ("ＡＢＣ", ["abc"]),
        ("gro\u0308ße", ["größe"]),
    ],
)
def test_scripts_are_told_apart_and_letters_written_in_one_way(text: str, terms: list[str]) -> None:
    assert analyse(text) == terms


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("wo wird die Größe berechnet", ["größe", "berechnet"]),
        ("où est la taille des fichiers", ["taille", "fichier"]),
        ("dónde se cifra la contraseña", ["cifra", "contraseña"]),
        ("где проверяется ключ из файла", ["проверяется", "ключ", "файла"]),
        ("why does it die in os code", ["die", "os"]),
        ("io error per com port", ["io", "error", "per", "com", "port"]),
        ("wo", ["wo"]),
    ],
)
def test_small_words_are_left_out_in_the_language_of_the_question(query: str, terms: list[str]) -> None:
    assert query_terms(query) == terms
