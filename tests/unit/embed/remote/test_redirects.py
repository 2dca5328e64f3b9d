"""A provider that points elsewhere is refused: neither texts nor the key follow."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from vexord.embed.choice import Embedding
from vexord.embed.remote.choose import open_provider
from vexord.embed.remote.seam import Refused

KEY = "sk-made-up-0123456789abcdef"
Request = tuple[str, str]
"""(headers, body)."""


@contextmanager
def server(status: int, location: str = "") -> Iterator[tuple[str, list[Request]]]:
    """Answer everything with a status; yield the address and what came."""
    heard: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            heard.append((str(self.headers), body.decode()))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_GET = do_POST  # noqa: N815 - as http.server wants it

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", heard
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


CHOICES = {
    "openai": {"model": "m"},
    "compatible": {"model": "m"},
    "voyage": {"model": "voyage-code-3"},
    "azure": {"deployment": "d"},
    "cohere": {"model": "embed-v4.0"},
    "gemini": {"model": "gemini-embedding-001"},
}


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("name", CHOICES)
def test_nothing_follows_a_redirect(name: str, status: int) -> None:
    asyncio.run(_asked(name, status))


async def _asked(name: str, status: int) -> None:
    with server(200) as (elsewhere, heard), server(status, f"{elsewhere}/v1/x") as (address, asked):
        chosen = Embedding(provider=name, base_url=address, **CHOICES[name])
        provider = open_provider(chosen, {"VEXORD_API_KEY": KEY})
        with pytest.raises(Refused, match="points elsewhere"):
            await provider.embed(["a text of the user"], "document")
        await provider.close()
    assert len(asked) == 1
    assert KEY in asked[0][0]
    assert heard == []
