"""Retrieval quality, measured through the real daemon and its socket."""
