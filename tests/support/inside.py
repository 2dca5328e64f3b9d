"""Code that runs inside a daemon's own processes before theirs: shorter intervals, and parts that fail."""

import os
from pathlib import Path

from tests.support.xdg import Xdg

_SITE = """
import sys
if {switch!r} in sys.orig_argv:
    exec(compile(open({script!r}).read(), {script!r}, "exec"), {{"__name__": "inside"}})
"""


def inside(xdg: Xdg, *, indexer: str) -> dict[str, str]:
    """Return the environment for a daemon whose indexer runs this code when its interpreter has started.

    Not the processes of its crew: they are asked for no files of a small tree.
    """
    folder: Path = xdg.base / "inside"
    folder.mkdir(exist_ok=True)
    script = folder / "indexer.txt"
    script.write_text(indexer)
    (folder / "sitecustomize.py").write_text(_SITE.format(switch="--channel-fd", script=str(script)))
    path = [str(folder), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(part for part in path if part)}
