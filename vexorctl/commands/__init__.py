"""The commands, one module each: `HELP`, `configure(parser)`, `run(args) -> exit status`; see `main`."""

COMMANDS: dict[str, str] = {
    name: f"vexorctl.commands.{name.replace('-', '_')}"
    for name in (
        "search", "related", "add", "remove", "list", "status", "wait", "reindex", "watch", "start", "stop",
        "restart", "service", "doctor", "report", "logs", "config", "import-vexor", "completion", "version",
    )
}  # fmt: skip
"""Command → module, in the order of the help; imported only when it is used."""

OTHER_WORDS = ("help", "-h", "--help", "--version", "-V")
"""What may stand in a command's place and is no search."""
