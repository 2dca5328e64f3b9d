"""The line between the server process and the indexer process: messages and framing."""
