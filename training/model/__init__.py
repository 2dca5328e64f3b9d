"""Trains the embedded model: shards of query and code in, the artefact out."""
