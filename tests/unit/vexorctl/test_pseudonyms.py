"""Nothing of the user's is left in a text that went through."""

import os
import sys
import sysconfig

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import vexorctl
from vexorctl.pseudonyms import Pseudonyms

KNOWN = {"/home/zoltanquib/my shop": "P1", "/home/zoltanquib": "~", "/home/zoltanquib/.cache/vexord": "CACHE"}
NAMES = Pseudonyms(KNOWN)
USERS = ("zoltanquib", "vylkorp", "Größenwahn", "qxcart.py", "k7f3_snork")


@pytest.mark.parametrize(
    ("text", "starts", "ends"),
    [
        (
            "cannot open '/home/zoltanquib/my shop/vylkorp/qxcart.py': denied",
            "cannot open 'P1/",
            ".py': denied",
        ),
        ("cannot open /home/zoltanquib/my shop/vylkorp/qxcart.py: no", "cannot open P1/", ".py: no"),
        ("root='/home/zoltanquib/my shop' state=ready", "root='P1' state=ready", ""),
        ("folder /home/zoltanquib/.cache/vexord is full", "folder CACHE is full", ""),
        (
            "indexer lost reason='it ended, exit status -9' restarts=1",
            "indexer lost reason='it ended, exit",
            "=1",
        ),
        ("a name vylkorp and a key 'k7f3_snork'", "a name ~ and a key '", "'"),
        ("vylkorp/qxcart.py cannot be read", "", ".py cannot be read"),
    ],
)
def test_what_is_ours_stays_and_the_rest_goes(text: str, starts: str, ends: str) -> None:
    told = NAMES.text(text)
    assert told.startswith(starts)
    assert told.endswith(ends)
    assert not any(name in told for name in USERS)


def test_a_path_has_one_pseudonym_in_a_report_and_another_in_the_next() -> None:
    path = "/home/zoltanquib/my shop/qxcart.py"
    assert NAMES.path(path) == NAMES.path(path)
    assert NAMES.text(f"a {path!r} b") == f"a '{NAMES.path(path)}' b"
    assert Pseudonyms({}).path(path) != Pseudonyms({}).path(path)


def test_places_in_our_own_code_stay() -> None:
    own = os.path.join(os.path.dirname(vexorctl.__file__), "main.py")
    assert NAMES.text(f'  File "{own}", line 7 in main') == "  File 'vexorctl/main.py', line 7 in main"
    library = os.path.join(sysconfig.get_paths()["purelib"], "zmq", "sugar", "socket.py")
    assert NAMES.path(library) == "lib/zmq/sugar/socket.py"
    assert NAMES.path(sys.executable).startswith("bin/")
    told = "failed [vexord.index.errors.IndexStoreError at ingest/project.py:312 work > index/writer.py:4 x]"
    assert NAMES.text(told) == told


SHAPES = (
    "{}", "'{}'", '"{}"', "/{}/b.py", "a/{}", "root='/{}/x y'", "{}.py", "~/{}", "/home/zoltanquib/{}", "P{}",
    "reason='{}'", "'it''s {}", "../{}", "=/{}", "\\'{}",
)  # fmt: skip


@given(
    before=st.text(max_size=20), name=st.text("qxzjkvw", min_size=6, max_size=12), after=st.text(max_size=20),
    shape=st.sampled_from(SHAPES),
)  # fmt: skip
@example(before="'", name="qxzjkvwq", after="'", shape="/{}/b.py")
@settings(max_examples=300, deadline=None)
def test_no_name_survives_whatever_stands_around_it(before: str, name: str, after: str, shape: str) -> None:
    assert name not in NAMES.text(before + shape.format(name) + after)
