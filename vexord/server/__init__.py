"""The server process: socket, peers, dispatch, freshness barrier."""
