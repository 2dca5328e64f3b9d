"""A query against snapshots: candidates, ranking, verified hits."""
