"""Names of files are bytes: one that is not UTF-8 takes the whole road and back."""

import os
import sys
from collections.abc import Callable

import pytest

from tests.support.daemon import Daemon
from tests.support.trees import make_tree
from tests.support.xdg import Xdg

NAME = b"caf\xe9.py"


@pytest.mark.skipif(sys.platform == "darwin", reason="APFS refuses names that are not UTF-8")
def test_a_file_whose_name_is_not_utf8_is_found_and_costs_no_restart(
    daemon: Callable[..., Daemon], xdg: Xdg
) -> None:
    vexord = daemon()
    root = make_tree(xdg.home / "shop", {"app.py": "def quokka():\n    pass\n"})
    vexord.add(root)
    with open(os.path.join(os.fsencode(root), NAME), "wb") as file:
        file.write(b"def numbat():\n    pass\n")
    hits = vexord.search("numbat", path=str(root))["results"][0]["hits"]
    assert os.fsencode(hits[0]["path"]) == NAME
    assert vexord.request("status")["indexer"]["restarts"] == 0, vexord.output()
