"""The published contract between vexord and its clients: messages, errors, framing, locations.

Import the submodule that is needed. `locations` and `wire` use the standard library alone, so that a client
starts fast; `messages` and `schema` need msgspec and belong to the daemon and to tools.
"""

PROTOCOL_VERSION = 1
"""Version of the wire protocol. Additive changes keep it; a removal or a change of meaning raises it."""

MIN_PROTOCOL_VERSION = 1
"""Oldest protocol version that this build still serves."""
