"""What can be wrong with an index on disk, as types: damaged, too new, or in use."""


class IndexStoreError(Exception):
    """Base of the index's own errors; trouble of the operating system stays an `OSError`."""


class IndexCorruptError(IndexStoreError):
    """A file of the index is missing, cut short, or not what its checksum says."""


class FutureFormatError(IndexStoreError):
    """The index was written by a newer vexord. It is left as it is."""

    def __init__(self, path: str, found: int, supported: int) -> None:
        super().__init__(
            f"{path} has format {found}, this vexord reads up to {supported}; "
            "update vexord, or remove the index with: vexorctl remove DIR"
        )
        self.found = found
        self.supported = supported


class IndexLockedError(IndexStoreError):
    """Another process writes this index. `pid` is its process id, None if it could not be read."""

    def __init__(self, folder: str, pid: int | None) -> None:
        holder = f"process {pid}" if pid is not None else "another process"
        super().__init__(f"{folder} is being written by {holder}; stop that one first: vexorctl stop")
        self.pid = pid
