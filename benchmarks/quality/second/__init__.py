"""A set of questions of our own, mined from whole upstream archives with their tests, docs and examples."""
