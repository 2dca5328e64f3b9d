"""Watching folders: what may have changed, when something may be missed, and cookies that prove order."""

import sys

from vexord.ingest.watch.events import CookieSeen, Dirty, Doubt, Event

if sys.platform == "linux":
    from vexord.ingest.watch.linux import Watcher
else:
    from vexord.ingest.watch.portable import Watcher

__all__ = ["CookieSeen", "Dirty", "Doubt", "Event", "Watcher"]
