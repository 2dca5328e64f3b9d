"""Tests. A package, so that `tests.support` can be imported from every folder below."""
