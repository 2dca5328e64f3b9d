"""Module docstring."""

import os
from pathlib import Path

LIMIT = 10
NAMES: list[str] = ["a", "b"]


# Says hello,
# twice.
@decorate
@decorate_again(1)
def hello(name: str) -> str:
    """Docstring."""
    return "hello " + name


class Server(Base):
    """Serves requests until told to stop, then closes every socket that it holds open."""

    port: int = 80

    def __init__(self, port: int) -> None:
        self.port = port

    @property
    def address(self) -> str:
        return f"localhost:{self.port}"

    class Options:
        """Inner, small."""

        fast = True

    async def serve(self) -> None:
        await self.loop()


if os.name == "nt":

    def only_on_windows() -> None:
        print("win")


if __name__ == "__main__":
    hello("x")
