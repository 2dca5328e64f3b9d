"""Registered folders and settings: what the user entered."""
