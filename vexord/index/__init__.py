"""The index on disk: immutable segments, manifest, snapshots, keyword postings, merges."""
