"""The benchmark of record: every row of the table that the project is held to, measured in one command."""
