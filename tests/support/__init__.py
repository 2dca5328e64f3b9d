"""Helpers shared by the tests: isolated folders, a real daemon, trees of files, waiting."""
