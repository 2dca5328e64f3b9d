"""The one error that a command shows to the user: what is wrong, and what mends it."""


class ClientError(Exception):
    """Ends a command with exit status 2. `name` is the protocol's (`E_BUSY`, ...), empty for our own."""

    def __init__(self, message: str, hint: str = "", name: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.name = name
