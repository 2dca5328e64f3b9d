"""The daemon: watches folders, keeps their index warm, and answers searches over a Unix socket."""

__version__ = "0.1.0"
