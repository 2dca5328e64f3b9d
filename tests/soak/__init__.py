"""Long bounded runs that try to break the promises of docs/guarantees.md: `python -m tests.soak --help`."""
