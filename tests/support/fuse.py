"""A FUSE file system in a thread of the test: its files change, and fail, without any event."""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

_HEADER = struct.Struct("<IIQQIIIHH")  # len opcode unique node uid gid pid ext padding
_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _STATFS, _RELEASE, _FLUSH, _INIT = 1, 2, 3, 14, 15, 17, 18, 25, 26
_OPENDIR, _READDIR, _RELEASEDIR, _INTERRUPT, _DESTROY, _BATCH_FORGET = 27, 28, 29, 36, 38, 42
_SILENT = (_FORGET, _INTERRUPT, _BATCH_FORGET)
_MAX_WRITE = 1 << 17


class SilentFiles:
    """Two levels of read-only files, path → text; `write` changes one, `broken` paths answer EIO."""

    def __init__(self, device: int, files: Mapping[str, str]) -> None:
        self._device = device
        self._files: dict[str, bytes] = {}
        self._changed_ns: dict[str, int] = {}
        self._nodes = [""]  # node number less one → path
        self.broken: set[str] = set()
        for path, text in files.items():
            self.write(path, text)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def write(self, path: str, text: str) -> None:
        """Change a file or make it."""
        self._files[path] = text.encode()
        self._changed_ns[path] = max(self._changed_ns.values(), default=1_700_000_000 * 10**9) + 10**9 + 7

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self._device, _MAX_WRITE + 4096)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return  # unmounted
            _, opcode, unique, node, *_ = _HEADER.unpack_from(request)
            if opcode in _SILENT:
                continue
            failed, body = 0, b""
            try:
                body = self._answer(opcode, node, request[_HEADER.size :])
            except OSError as error:
                failed = -(error.errno or errno.EIO)
            with contextlib.suppress(OSError):  # the caller was interrupted
                os.write(self._device, struct.pack("<IiQ", 16 + len(body), failed, unique) + body)
            if opcode == _DESTROY:
                return

    def _answer(self, opcode: int, node: int, args: bytes) -> bytes:  # noqa: PLR0911 - one for each question
        if opcode == _INIT:
            major, _, readahead = struct.unpack_from("<III", args)
            return struct.pack("<IIIIHHIIHHI28x", major, 31, readahead, 0, 16, 12, _MAX_WRITE, 1, 32, 0, 0)
        if opcode == _STATFS:
            return bytes(80)
        if opcode in (_RELEASE, _RELEASEDIR, _FLUSH, _DESTROY):
            return b""
        path = self._nodes[node - 1]
        if opcode == _LOOKUP:
            name = os.fsdecode(args.rstrip(b"\0"))
            return self._entry(f"{path}/{name}".lstrip("/"))
        if path in self.broken:
            raise OSError(errno.EIO, "broken")
        if opcode == _GETATTR:
            return struct.pack("<QII", 0, 0, 0) + self._attributes(path)
        if opcode in (_OPEN, _OPENDIR):
            return struct.pack("<QII", 0, 0, 0)
        if opcode == _READ:
            _, offset, size = struct.unpack_from("<QQI", args)
            return self._files[path][offset : offset + size]
        if opcode == _READDIR:
            _, offset, size = struct.unpack_from("<QQI", args)
            return self._names(path, offset, size)
        raise OSError(errno.ENOSYS, "not needed")

    def _children(self, folder: str) -> list[str]:
        inside = folder + "/" if folder else ""
        return sorted({p[len(inside) :].split("/")[0] for p in list(self._files) if p.startswith(inside)})

    def _names(self, folder: str, offset: int, size: int) -> bytes:
        out = b""
        for number, name in enumerate(self._children(folder)[offset:], offset + 1):
            raw = os.fsencode(name)
            path = f"{folder}/{name}".lstrip("/")
            kind = stat.S_IFREG if path in self._files else stat.S_IFDIR
            entry = struct.pack("<QQII", self._number(path), number, len(raw), kind >> 12) + raw
            entry += bytes(-len(entry) % 8)
            if len(out) + len(entry) > size:
                break
            out += entry
        return out

    def _entry(self, path: str) -> bytes:
        if path not in self._files and not self._children(path):
            raise OSError(errno.ENOENT, "no such file")
        return struct.pack("<QQQQII", self._number(path), 0, 0, 0, 0, 0) + self._attributes(path)

    def _number(self, path: str) -> int:
        if path not in self._nodes:
            self._nodes.append(path)
        return self._nodes.index(path) + 1

    def _attributes(self, path: str) -> bytes:
        is_file = path in self._files
        mode = stat.S_IFREG | 0o644 if is_file else stat.S_IFDIR | 0o755
        seconds, ns = divmod(self._changed_ns.get(path, 0), 10**9)
        size = len(self._files[path]) if is_file else 0
        numbers = (self._number(path), size, 1, seconds, seconds, seconds, ns, ns, ns, mode, 1)
        return struct.pack("<QQQQQQIIIIIIIIII", *numbers, os.getuid(), os.getgid(), 0, 4096, 0)


@contextlib.contextmanager
def silent_files(point: Path, files: Mapping[str, str]) -> Iterator[SilentFiles]:
    """Mount such a file system at `point`. Raises OSError where that is not allowed."""
    point.mkdir(parents=True, exist_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    try:
        if libc.mount(b"silent", os.fsencode(point), b"fuse.silent", 6, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        try:
            yield SilentFiles(device, files)
        finally:
            libc.umount2(os.fsencode(point), 2)  # MNT_DETACH
    finally:
        os.close(device)
