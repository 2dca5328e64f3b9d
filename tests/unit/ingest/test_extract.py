import codecs
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vexord.index.encodings import to_utf8
from vexord.ingest.chunk import chunk_file
from vexord.ingest.extract import extract

TEXT = "def grüße():\n    return 'naïve'\r\n\n\nclass Ö:\n    pass\n"


def test_utf8_text_keeps_its_line_ends() -> None:
    got = extract("a.py", TEXT.encode())
    assert (got.text, got.encoding, got.language, got.binary) == (TEXT, "utf-8", "python", False)


@pytest.mark.parametrize(
    ("mark", "codec", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
    ],
)
def test_a_byte_order_mark_decides_and_is_no_part_of_the_text(mark: bytes, codec: str, encoding: str) -> None:
    got = extract("a.py", mark + TEXT.encode(codec))
    assert (got.text, got.encoding, got.binary) == (TEXT, encoding, False)


def test_old_western_text_is_read_as_cp1252() -> None:
    got = extract("a.py", TEXT.encode("cp1252"))
    assert (got.text, got.encoding) == (TEXT, "cp1252")


def test_bytes_that_cp1252_lacks_do_not_hide_the_rest() -> None:
    raw = b"caf\xe9 and \x81 then plain words that go on for a while\n"
    got = extract("notes.txt", raw)
    assert not got.binary
    assert "plain words" in got.text
    assert to_utf8(raw, got.encoding) == got.text.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00",
        b"text at first\0\0\0\0",
        bytes(random.Random(3).choices([b for b in range(256) if b != 0], k=5_000)),
        codecs.BOM_UTF32_LE + "text".encode("utf-32-le"),
        codecs.BOM_UTF16_LE + b"\x00\xd8\x41",
    ],
    ids=["elf", "nul", "noise", "utf-32", "broken utf-16"],
)
def test_binary_data_has_no_text(raw: bytes) -> None:
    got = extract("thing.py", raw)
    assert (got.text, got.encoding, got.binary) == ("", "binary", True)
    assert to_utf8(raw, got.encoding) == b""


def test_a_late_nul_in_long_text_does_not_hide_it() -> None:
    raw = b"plain words\n" * 2_000 + b"\0 caf\xe9\n"
    got = extract("log.txt", raw)
    assert got.encoding == "cp1252"
    assert (
        "".join(chunk.text for chunk in chunk_file("log.txt", got.text, got.language)).count("plain") == 2_000
    )


def test_an_empty_file_is_empty_text() -> None:
    got = extract("empty.py", b"")
    assert (got.text, got.encoding, got.binary) == ("", "utf-8", False)


def test_utf16_header_with_classes_is_cpp() -> None:
    raw = codecs.BOM_UTF16_LE + "class Socket {\npublic:\n};\n".encode("utf-16-le")
    assert extract("socket.h", raw).language == "cpp"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"]))
def test_every_chunk_is_found_again_in_the_raw_bytes(text: str, encoding: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    raw = mark + text.encode(encoding, errors="replace")
    got = extract("a.py", raw)
    source = to_utf8(raw, got.encoding)
    assert source == got.text.encode()
    for chunk in chunk_file("a.py", got.text, got.language):
        assert source[chunk.start_byte : chunk.end_byte].decode() == chunk.text


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_accepted(raw: bytes) -> None:
    got = extract("x", raw)
    assert to_utf8(raw, got.encoding) == got.text.encode()
