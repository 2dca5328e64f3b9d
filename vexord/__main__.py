"""Entry of the `vexord` command."""

import sys

from vexord.supervise.daemon import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
