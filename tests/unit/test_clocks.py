"""The time of day, which may jump, decides nothing but what is listed here."""

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "vexord"
TIME_OF_DAY = re.compile(r"time\.time\(|time_ns\(|datetime\.now|utcnow|CLOCK_REALTIME|localtime|gmtime")
ALLOWED = {
    "ingest/reading.py": "compared with stamps of files, made by the same clock (`reconcile.needs_check`)",
    "ingest/pipeline.py": "the same",
    "ingest/ignore/outside.py": "the same",
    "ingest/refine.py": "which rows of the second model are made first",
    "embed/remote/headers.py": "a provider names a date until which to wait",
    "embed/cache.py": "rows that were asked for last go last when the cache is full",
    "index/segment_writer.py": "shown",
    "ingest/vitals.py": "shown",
    "moments.py": "shown",
    "projects/registry.py": "shown",
    "server/indexer.py": "shown",
    "supervise/history.py": "shown",
    "supervise/lock.py": "shown",
    "supervise/logs.py": "shown",
}


def test_no_waiting_ordering_or_freshness_rests_on_the_time_of_day() -> None:
    modules = {str(path.relative_to(SOURCE)): path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    assert {name for name, text in modules.items() if TIME_OF_DAY.search(text)} == ALLOWED.keys()
