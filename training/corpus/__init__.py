"""Builds the training corpus: pinned packages in, shards of query and code out."""
