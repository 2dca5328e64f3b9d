"""Makes every installed package importable after a start without `site` (`python -I -S`, see `launcher`)."""

import sys


def open_site() -> None:
    """Do what the interpreter left out: site-packages and their .pth files, once."""
    if sys.flags.no_site and "site" not in sys.modules:
        import site

        site.main()
