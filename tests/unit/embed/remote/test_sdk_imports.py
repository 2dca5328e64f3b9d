"""The providers' SDKs take a second to import: only who talks to a provider pays for that."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import StartDaemon
from tests.support.trees import make_tree

SDKS = ("openai", "google.genai", "httpx", "httpx2", "pydantic", "aiohttp")
NATIVE = ("pydantic_core", "jiter")
"""Libraries that both SDKs bring with them, as a process's maps name them."""
LOOK = f"""
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for _, module, _ in pkgutil.walk_packages(getattr(package, "__path__", ()), name + "."):
        if not module.endswith("__main__"):
            importlib.import_module(module)
print([name for name in {SDKS} if name in sys.modules])
"""


@pytest.mark.parametrize("packages", [("vexord",), ("vexorctl", "vexor_protocol")])
def test_no_module_imports_an_sdk(packages: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", LOOK, *packages], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")
def test_a_daemon_without_a_provider_never_loads_an_sdk(daemon: StartDaemon, tmp_path: Path) -> None:
    running = daemon()
    running.add(make_tree(tmp_path / "tree", {"a.py": "def connect():\n    pass\n"}))
    running.search("connect")
    for pid in (running.pid, running.indexer_pid()):
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "numpy" in maps
        assert not [name for name in NATIVE if name in maps]
