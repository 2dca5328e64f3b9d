import os
import re
import unicodedata

import pytest
from render_samples import make_hit, make_result, two_hits
from vexor_protocol.messages import Part, Place, RenderOptions, SearchResult

from vexord.render.cells import width_of
from vexord.render.search import render_search

SEQUENCE = re.compile(r"\x1b\[[\d;]*m|\x1b\]8;;[^\x1b]*\x1b\\")


def text(result: SearchResult, **options: object) -> str:
    return render_search(result, RenderOptions(format="text", **options))  # type: ignore[arg-type]


WIDE_80 = """\
server/router.py:41  Router.bind  method
   41  def bind(self, path: str) -> None:
    ⋮
   45      old = os.umask(0o177)
   46      try:
   47          self._socket.bind(f"ipc://{path}")
   48      finally:
   49          os.umask(old)
   50      self._bound = True
   51      logger.info("bound to %s", path)
       also :120 close, :201

docs/guide.md:9  Guide > Running > Sockets
    9  The daemon listens on one socket.
   10      It is bound once.
"""

NARROW_40 = """\
server/router.py:41  Router.bind  method
   41  def bind(self, path: str) -> Non…
    ⋮
   45      old = os.umask(0o177)
   46      try:
   47          self._socket.bind(f"ipc:…
   48      finally:
   49          os.umask(old)
   50      self._bound = True
   51      logger.info("bound to %s", p…
       also :120 close, :201

docs/guide.md:9  Guide > Running > Sock…
    9  The daemon listens on one socket.
   10      It is bound once.
"""

COLOUR = """\
{p}docs/guide.md{o}:{l}9{o}  {d}Guide > Running > {o}{s}Sockets{o}
{d}    9{o}  The daemon listens on one {m}socket{o}.
{l}   10{o}      It is bound once.
"""


def test_a_page_at_80_columns() -> None:
    assert text(two_hits()) == WIDE_80


def test_a_page_at_40_columns() -> None:
    assert text(two_hits(), width=40) == NARROW_40


def test_a_page_in_colour() -> None:
    codes = {"p": "35", "l": "32", "d": "2", "s": "1", "m": "1;31"}
    sequences = {name: f"\x1b[{code}m" for name, code in codes.items()} | {"o": "\x1b[0m"}
    assert text(two_hits(), color=True).split("\n\n")[1] == COLOUR.format(**sequences)


@pytest.mark.parametrize("width", [20, 33, 40, 80, 200])
def test_colour_and_links_change_nothing_but_escape_sequences(width: int) -> None:
    plain = text(two_hits(), width=width)
    assert SEQUENCE.sub("", text(two_hits(), width=width, color=True, links=True)) == plain
    assert "\x1b" not in plain


@pytest.mark.parametrize("width", [20, 40, 80])
def test_code_lines_keep_to_the_width_and_no_line_ends_in_a_space(width: int) -> None:
    lines = text(two_hits(), width=width).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if line.startswith(" ") and width_of(line) > width] == []


def test_links_point_at_the_absolute_file() -> None:
    out = text(make_result(("q", [make_hit(path="a b/é.py")])), links=True)
    assert re.match(
        r"\x1b\]8;;file://[^/]*/home/me/vexord/a%20b/%C3%A9.py\x1b\\a b/é.py\x1b\]8;;\x1b\\:41", out
    )


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        ("/home/me/vexord", "server/router.py:41"),
        ("/home/me/vexord/server/", "router.py:41"),
        ("/home/me", "vexord/server/router.py:41"),
        ("/", "home/me/vexord/server/router.py:41"),
        ("/home/me/vexord/serv", "/home/me/vexord/server/router.py:41"),
        ("/srv", "/home/me/vexord/server/router.py:41"),
        (None, "server/router.py:41"),
    ],
)
def test_paths_are_relative_to_the_base_inside_it_and_absolute_outside(base: str | None, shown: str) -> None:
    assert text(make_result(("q", [make_hit()])), base=base).split("  ")[0] == shown


def test_with_several_projects_the_project_is_named() -> None:
    other = make_hit(
        project="/srv/flask", path="app.py", symbol=None, parent=None, kind="text", focus_line=43
    )
    result = make_result(("q", [make_hit(), other]), projects=("/home/me/vexord", "/srv/flask"))
    headers = [line for line in text(result).splitlines() if line.startswith("/")]
    assert headers == [
        "/home/me/vexord/server/router.py:41  Router.bind  method  in vexord",
        "/srv/flask/app.py:43  in flask",
    ]


def test_several_queries_have_a_line_each() -> None:
    result = make_result(("bind\nsocket", [make_hit(text="bind()\n", more=[])]), ("nothing like it", []))
    assert text(result, width=40) == (
        "── bind socket ─────────────────────────\n\n"
        "server/router.py:41  Router.bind  method\n"
        "   41  bind()\n\n"
        "── nothing like it ─────────────────────\n\n"
        "no hits\n"
    )


def test_no_hits_at_all_render_as_nothing() -> None:
    assert text(make_result(("q", []))) == ""
    assert text(make_result(("q", []), ("r", []))) == ""


def test_indexed_text_cannot_drive_the_terminal() -> None:
    evil = "a\x1b]0;pwned\x07 \x1b[2J\x9b31m\r\x08\x00\x7f \u202egnp.exe\u2028x\n"
    hit = make_hit(
        text=evil,
        path="e\x1b[31m\n.py",
        symbol="s\x1bm",
        parent="p\x9b",
        project="/home/me/\x1bx",
        more=[Place(start_line=3, end_line=4, score=0.1, symbol="m\x1b", kind="text")],
    )
    out = text(make_result(("a\x1b[0m", [hit]), ("b", [hit]), projects=("/a", "/b")), width=200)
    controls = {char for char in out if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")}
    assert controls == {"\n"}
    assert "a␛]0;pwned␇ ␛[2J�31m␍␈␀␡ �gnp.exe�x" in out
    assert len(out.splitlines()) == len(out.split("\n")) - 1


def test_undecodable_bytes_are_shown_and_the_text_can_be_encoded() -> None:
    name = os.fsdecode(b"caf\xe9.py")
    out = text(make_result(("q", [make_hit(path=name, text=f"x = '{name}'\n")])), links=True, color=True)
    assert "caf\\xe9.py" in out
    assert "caf%E9.py" in out
    out.encode()


def test_wide_characters_count_twice() -> None:
    hit = make_hit(
        text="名前 = 検索する関数の長い名前である\n",
        symbol=None,
        parent=None,
        kind="text",
        path="索.py",
        more=[],
    )
    out = text(make_result(("q", [hit])), width=20)
    assert out == "索.py:47\n   41  名前 = 検索…\n"
    assert width_of(out.splitlines()[1]) == 19


def test_combining_characters_take_no_room() -> None:
    hit = make_hit(text="e\u0301" * 13 + "\n", more=[])
    assert "e\u0301" * 13 + "\n" in text(make_result(("q", [hit])), width=20)


def test_a_match_far_to_the_right_is_brought_into_view() -> None:
    line = "x" * 5_000 + " bindSocket(" + "y" * 5_000
    out = text(make_result(("bind", [make_hit(text=line, focus_line=41, more=[])])), width=60, color=True)
    code = out.splitlines()[1]
    assert "\x1b[1;31mbind\x1b[0mSocket(" in code
    assert re.search(r"  …x+ ", SEQUENCE.sub("", code))
    assert width_of(SEQUENCE.sub("", code)) <= 60


def test_crlf_and_tabs_leave_no_trace() -> None:
    hit = make_hit(text="\tif x:\r\n\t\treturn 1\r\n", more=[], focus_line=None)
    assert text(make_result(("q", [hit]))).split("\n", 1)[1] == "   41  if x:\n   42      return 1\n"


@pytest.mark.parametrize("content", ["", "\n\n", "  \t\r\n"])
def test_a_hit_without_text_is_its_header(content: str) -> None:
    hit = make_hit(
        text=content, symbol=None, parent=None, kind="binary", path="a.png", more=[], focus_line=None
    )
    assert text(make_result(("q", [hit]))) == "a.png:41  binary\n"


def test_the_first_hits_show_more_lines_than_later_ones() -> None:
    body = "\n".join(f"line {number}" for number in range(30))
    hits = [make_hit(path=f"{rank}.py", text=body, end_line=70, focus_line=60, more=[]) for rank in range(5)]
    blocks = text(make_result(("q", hits))).split("\n\n")
    assert [len(re.findall(r"^ +\d+  ", block, re.MULTILINE)) for block in blocks] == [8, 5, 5, 3, 3]
    assert all("   60  line 19" in block for block in blocks)


def test_further_places_that_do_not_fit_are_an_ellipsis() -> None:
    more = [
        Place(start_line=n, end_line=n, score=0.1, symbol=f"name_{n}", kind="function")
        for n in (100, 200, 300)
    ]
    lines = text(make_result(("q", [make_hit(more=more)])), width=40).splitlines()
    assert lines[-1] == "       also :100 name_100 …"
    assert (
        text(make_result(("q", [make_hit(more=more)])), width=80).splitlines()[-1].endswith(":300 name_300")
    )


EXPLAINED = """\
docs/guide.md:9  Guide > Running > Sockets
    9  The daemon listens on one socket.
   10      It is bound once.
       words                  +1.0000      (7.25)
       a signal with a lon…   +0.0625       (0.5)
       aside                  -0.2500      (0.25)
       score                   0.8125
"""


def test_what_made_up_the_score_stands_below_the_hit() -> None:
    guide = two_hits().results[0].hits[1]
    guide.explain = [
        Part(part="words", value=7.25, share=1.0),
        Part(part="a signal with a long name", value=0.5, share=0.0625),
        Part(part="aside", value=0.25, share=-0.25),
    ]
    result = make_result(("q", [guide]))
    assert text(result, width=49) == EXPLAINED
    assert SEQUENCE.sub("", text(result, width=49, color=True)) == EXPLAINED
    assert max(map(len, text(result, width=80).splitlines())) <= 80
