"""The watched folders of one root as a tree, so that a vanished folder costs only its own subtree."""

from collections.abc import Iterator

from vexord.ingest.watch.events import join


class Folder:
    """A folder that should be watched; `wd` is None while it is not."""

    __slots__ = ("children", "rel", "wd")

    def __init__(self, rel: str, wd: int | None) -> None:
        self.rel = rel
        self.wd = wd
        self.children: dict[str, Folder] = {}

    def subtree(self) -> Iterator["Folder"]:
        """This folder and all below."""
        stack = [self]
        while stack:
            folder = stack.pop()
            yield folder
            stack.extend(folder.children.values())


class FolderTree:
    """Folders by place and by watch descriptor. Not thread-safe."""

    def __init__(self) -> None:
        self.top = Folder("", None)
        self._by_wd: dict[int, Folder] = {}

    def by_wd(self, wd: int) -> Folder | None:
        """The folder that the descriptor stands for now."""
        return self._by_wd.get(wd)

    def find(self, rel: str) -> Folder | None:
        """The folder at `rel`, None if it is not in the tree."""
        folder: Folder | None = self.top
        for name in rel.split("/") if rel else ():
            folder = folder.children.get(name) if folder else None
        return folder

    def place(self, parent: Folder, name: str) -> Folder:
        """The folder `name` of `parent`, made without a watch if it is new."""
        folder = parent.children.get(name)
        if folder is None:
            folder = parent.children[name] = Folder(join(parent.rel, name), None)
        return folder

    def bind(self, folder: Folder, wd: int) -> list[int] | None:
        """Let `wd` stand for `folder`: None if it did already, else the descriptors of what was here before.

        A descriptor belongs to the folder on disk, not to its path: if it stood for another place, the
        folder has moved from there, and that place must not end the watch when its own event arrives.
        """
        if folder.wd == wd:
            return None
        other = self._by_wd.pop(wd, None)
        if other is not None:
            other.wd = None
        ended = self.clear(folder)
        self._by_wd[wd] = folder
        folder.wd = wd
        return ended

    def drop(self, parent: Folder, name: str) -> list[int]:
        """Take out `name` and all below; gives the descriptors to end."""
        folder = parent.children.pop(name, None)
        return self._unbind(folder) if folder is not None else []

    def clear(self, folder: Folder) -> list[int]:
        """Take out all below `folder`, which stays, unbound; gives the descriptors to end."""
        ended = self._unbind(folder)
        folder.children.clear()
        return ended

    def ended(self, wd: int) -> None:
        """The kernel has ended this watch by itself."""
        folder = self._by_wd.pop(wd, None)
        if folder is not None:
            folder.wd = None

    def _unbind(self, folder: Folder) -> list[int]:
        ended = []
        for one in folder.subtree():
            if one.wd is not None:
                del self._by_wd[one.wd]
                ended.append(one.wd)
                one.wd = None
        return ended
