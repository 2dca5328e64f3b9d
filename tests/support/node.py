"""The Node client's folder, with its packages installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE_CLIENT = Path(__file__).resolve().parents[2] / "protocol" / "clients" / "node"
INSTALL_TIMEOUT_S = 100


def node_client() -> Path:
    """Return the folder of the Node client, after `npm ci` if its packages are missing.

    Skips the test if node or npm is missing, but not in CI, where that is a failure.
    """
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    if missing:
        reason = f"{' and '.join(missing)} not found: the contract is not checked from Node"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    if not (NODE_CLIENT / "node_modules" / "zeromq" / "package.json").exists():
        subprocess.run(
            ["npm", "ci"], cwd=NODE_CLIENT, check=True, timeout=INSTALL_TIMEOUT_S, capture_output=True
        )
    return NODE_CLIENT
