"""The files half of the emulator: paths, revisions and the log of changes."""

import binascii
import re
import threading
import time
from dataclasses import dataclass, field, replace
from itertools import count

from flows.playground.dropbox_emulator.wire import BadRequest, Json, Refusal, union
from raspi_agent.content_hash import content_hash

_PATH = re.compile(r"(/(.|[\r\n])*)?")


@dataclass(frozen=True, slots=True)
class File:
    """One revision of a file."""

    path: str
    data: bytes
    rev: str
    content_hash: str
    client_modified: str
    server_modified: str

    def metadata(self) -> Json:
        """FileMetadata."""
        return {
            ".tag": "file",
            "name": self.path.rpartition("/")[2],
            "id": f"id:{binascii.crc32(self.path.lower().encode()):022d}",
            "client_modified": self.client_modified,
            "server_modified": self.server_modified,
            "rev": self.rev,
            "size": len(self.data),
            "path_lower": self.path.lower(),
            "path_display": self.path,
            "is_downloadable": True,
            "content_hash": self.content_hash,
        }


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder."""

    path: str

    def metadata(self) -> Json:
        """FolderMetadata."""
        return {
            ".tag": "folder",
            "name": self.path.rpartition("/")[2],
            "id": f"id:{binascii.crc32(self.path.lower().encode()):022d}",
            "path_lower": self.path.lower(),
            "path_display": self.path,
        }


@dataclass(slots=True)
class FileTree:
    """Every file of the account; case is kept and does not matter.

    The methods named after a route take its arguments and give its answer, or raise Refusal or BadRequest.
    """

    quota_bytes: int = 2 << 30
    nodes: dict[str, File | Folder] = field(default_factory=dict)
    history: dict[str, list[File]] = field(default_factory=dict)
    changes: list[tuple[str, Json]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    used_bytes: int = 0
    generation: int = 1
    by_revision: dict[str, File] = field(default_factory=dict)
    _revisions: "count[int]" = field(default_factory=lambda: count(0x5F0000001))

    def put(self, path: str, data: bytes) -> str:
        """Write a file as another client would, over whatever is there; return its revision."""
        with self.changed:
            return str(self.commit({"path": path, "mode": "overwrite"}, data)["rev"])

    def remove(self, path: str) -> None:
        """Delete a file or folder as another client would."""
        with self.changed:
            self.delete({"path": path})

    def read(self, path: str) -> bytes:
        """The bytes of a file; see `file`."""
        return self.file(path).data

    def file(self, path: str) -> File:
        """The newest revision of a file.

        Raises:
            KeyError: there is none.
        """
        node = self.nodes[path.lower()]
        if isinstance(node, Folder):
            raise KeyError(path)
        return node

    def paths(self) -> list[str]:
        """The paths of all files."""
        return sorted(node.path for node in self.nodes.values() if isinstance(node, File))

    def reset_cursors(self) -> None:
        """Let every cursor handed out so far be answered with `reset`."""
        self.generation += 1

    def find(self, path: str) -> File | Folder | None:
        """What a path means: a name, or `rev:` and a revision that may be long gone."""
        if path.startswith("rev:"):
            return self.by_revision.get(path.removeprefix("rev:"))
        if path.startswith("id:"):
            return next((node for node in self.nodes.values() if node.metadata()["id"] == path), None)
        return self.nodes.get(normal_path(path).lower())

    def commit(self, argument: Json, data: bytes) -> Json:
        """Store bytes by the rules of CommitInfo: mode, strict_conflict, autorename (refused), quota."""
        path = self._cased(normal_path(argument["path"]))
        mode = argument.get("mode", "add")
        tag = mode if isinstance(mode, str) else mode[".tag"]
        old = self.nodes.get(path.lower())
        digest = content_hash(data)
        if isinstance(old, File) and old.content_hash == digest and not argument.get("strict_conflict"):
            return old.metadata()
        expected = mode.get("update") if isinstance(mode, dict) else None
        if isinstance(old, Folder):
            raise Refusal(union("conflict", union("folder")))
        if old is not None and (tag == "add" or (tag == "update" and expected != old.rev)):
            raise Refusal(union("conflict", union("file")))
        grows_bytes = len(data) - (len(old.data) if old else 0)
        if self.used_bytes + grows_bytes > self.quota_bytes:
            raise Refusal(union("insufficient_space"))
        self._make_parents(path)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        client_modified = argument.get("client_modified") or now
        return self._keep(File(path, data, self._next_revision(), digest, client_modified, now)).metadata()

    def delete(self, argument: Json) -> Json:
        """`files/delete_v2`: a folder with all that is in it, or a file, perhaps of one revision only."""
        node = self.find(argument["path"])
        if node is None:
            raise Refusal(union("path_lookup", union("not_found")))
        revision = argument.get("parent_rev")
        if revision is not None:
            if isinstance(node, Folder):
                raise Refusal(union("path_lookup", union("not_file")))
            if node.rev != revision:
                raise Refusal(union("path_write", union("conflict", union("file"))))
        return self._remove(node)

    def move(self, argument: Json) -> Json:
        """`files/move_v2` of one file."""
        node = self.find(argument["from_path"])
        if node is None or isinstance(node, Folder):
            raise Refusal(union("from_lookup", union("not_found")))
        target = normal_path(argument["to_path"])
        if self.nodes.get(target.lower()) not in (None, node):
            raise Refusal(union("to", union("conflict", union("file"))))
        self._remove(node)
        self._make_parents(target)
        return self._keep(replace(node, path=target, rev=self._next_revision())).metadata()

    def make_folder(self, argument: Json) -> Json:
        """`files/create_folder_v2`."""
        path = normal_path(argument["path"])
        node = self.nodes.get(path.lower())
        if node is not None:
            raise Refusal(union("path", union("conflict", union(node.metadata()[".tag"]))))
        self._make_parents(f"{path}/x")
        return self.nodes[path.lower()].metadata()

    def restore(self, argument: Json) -> Json:
        """`files/restore`: an old revision's bytes again, as a new change."""
        path = normal_path(argument["path"])
        old = next((f for f in self.history.get(path.lower(), []) if f.rev == argument["rev"]), None)
        if old is None:
            raise Refusal(union("invalid_revision"))
        return self.commit({"path": old.path, "mode": "overwrite", "strict_conflict": True}, old.data)

    def revisions(self, argument: Json) -> Json:
        """`files/list_revisions`, newest first."""
        path = normal_path(argument["path"]).lower()
        known = self.history.get(path)
        if isinstance(self.nodes.get(path), Folder):
            raise Refusal(union("path", union("not_file")))
        if not known:
            raise Refusal(union("path", union("not_found")))
        entries = [{k: v for k, v in file.metadata().items() if k != ".tag"} for file in reversed(known)]
        limit = argument.get("limit", 10)
        return {
            "is_deleted": path not in self.nodes,
            "entries": entries[:limit],
            "has_more": len(entries) > limit,
        }

    def _keep(self, file: File) -> File:
        old = self.nodes.get(file.path.lower())
        self.used_bytes += len(file.data) - (len(old.data) if isinstance(old, File) else 0)
        self.nodes[file.path.lower()] = file
        self.history.setdefault(file.path.lower(), []).append(file)
        self.by_revision[file.rev] = file
        self._note(file.path, file.metadata())
        return file

    def _remove(self, node: File | Folder) -> Json:
        inside = f"{node.path.lower()}/"
        within = [path for path in self.nodes if path.startswith(inside)] if isinstance(node, Folder) else []
        for path in (inside[:-1], *within):
            gone = self.nodes.pop(path)
            self.used_bytes -= len(gone.data) if isinstance(gone, File) else 0
        self._note(node.path, deleted_metadata(node.path))
        return node.metadata()

    def _note(self, path: str, change: Json) -> None:
        self.changes.append((path.lower(), change))
        self.changed.notify_all()

    def _cased(self, path: str) -> str:
        """The path with the case that its folders already have."""
        folder, _, name = path.rpartition("/")
        present = self.nodes.get(folder.lower())
        return f"{present.path if present else folder}/{name}"

    def _make_parents(self, path: str) -> None:
        parts = path.split("/")[1:-1]
        for depth in range(1, len(parts) + 1):
            parent = "/" + "/".join(parts[:depth])
            node = self.nodes.get(parent.lower())
            if isinstance(node, File):
                raise Refusal(union("conflict", union("file_ancestor")))
            if node is None:
                self.nodes[parent.lower()] = Folder(parent)
                self._note(parent, Folder(parent).metadata())

    def _next_revision(self) -> str:
        return f"{next(self._revisions):015x}"


def deleted_metadata(path: str) -> Json:
    """DeletedMetadata."""
    name = path.rpartition("/")[2]
    return {".tag": "deleted", "name": name, "path_lower": path.lower(), "path_display": path}


def normal_path(path: str) -> str:
    """The path without doubled or trailing slashes; Dropbox refuses "/" for the root."""
    if path == "/":
        raise BadRequest('path: Specify the root folder as an empty string rather than as "/".')
    if not _PATH.fullmatch(path):
        raise BadRequest(f"path: {path!r} did not match pattern")
    return re.sub("/+", "/", path).rstrip("/")  # rclone sends //images
