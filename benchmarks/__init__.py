"""Measurements of the daemon and its client; nothing here is imported by them."""
