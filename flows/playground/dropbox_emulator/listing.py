"""Listing the emulator's files: a snapshot page by page, then the changes, along one cursor."""

import base64
import json
from dataclasses import dataclass, replace

from flows.playground.dropbox_emulator.file_tree import File, FileTree, deleted_metadata, normal_path
from flows.playground.dropbox_emulator.wire import BadRequest, Json, Refusal, union

_LONGEST_PAGE = 2000


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a client has been told: through a snapshot (`after`), then along the changes."""

    root: str
    recursive: bool
    deleted: bool
    limit: int
    generation: int
    change: int
    after: str | None


def begin_listing(tree: FileTree, argument: Json) -> Json:
    """`files/list_folder`."""
    return _page(tree, _start(tree, argument))


def latest_cursor(tree: FileTree, argument: Json) -> Json:
    """`files/list_folder/get_latest_cursor`."""
    return {"cursor": _write(replace(_start(tree, argument), after=None))}


def continue_listing(tree: FileTree, argument: Json) -> Json:
    """`files/list_folder/continue`."""
    return _page(tree, _read(tree, argument))


def wait_for_news(tree: FileTree, argument: Json) -> Json:
    """`files/list_folder/longpoll`."""
    wait_s = argument.get("timeout", 30)
    if not 30 <= wait_s <= 480:  # noqa: PLR2004 - what the API allows
        raise BadRequest("timeout: not within range(30, 480)")

    def has_news() -> bool:
        cursor = _read(tree, argument)
        return cursor.after is not None or bool(_news(tree, cursor))

    with tree.changed:
        return {"changes": tree.changed.wait_for(has_news, wait_s)}


def _start(tree: FileTree, argument: Json) -> Cursor:
    root = normal_path(argument["path"])
    node = tree.find(root) if root else None
    if root and node is None:
        raise Refusal(union("path", union("not_found")))
    if isinstance(node, File):
        raise Refusal(union("path", union("not_folder")))
    return Cursor(
        root=root.lower(),
        recursive=bool(argument.get("recursive")),
        deleted=bool(argument.get("include_deleted")),
        limit=min(argument.get("limit") or _LONGEST_PAGE, _LONGEST_PAGE),
        generation=tree.generation,
        change=len(tree.changes),
        after="",
    )


def _page(tree: FileTree, cursor: Cursor) -> Json:
    if cursor.after is not None:
        paths = _snapshot(tree, cursor)
        page = [_entry(tree, path) for path in paths[: cursor.limit]]
        more = len(paths) > cursor.limit
        then = replace(cursor, after=paths[cursor.limit - 1] if more else None)
    else:
        news = _news(tree, cursor)
        page = [tree.changes[number][1] for number in news[: cursor.limit]]
        more = len(news) > cursor.limit
        then = replace(cursor, change=news[cursor.limit - 1] + 1 if more else len(tree.changes))
    return {"entries": page, "cursor": _write(then), "has_more": more}


def _snapshot(tree: FileTree, cursor: Cursor) -> list[str]:
    known = tree.nodes.keys() | tree.history.keys() if cursor.deleted else tree.nodes.keys()
    after = cursor.after or ""
    return sorted(path for path in known if path > after and _covers(cursor, path))


def _news(tree: FileTree, cursor: Cursor) -> list[int]:
    """The numbers of the changes to tell: of each path the newest."""
    newest = {
        path: number
        for number, (path, _) in enumerate(tree.changes[cursor.change :], cursor.change)
        if _covers(cursor, path)
    }
    return sorted(newest.values())


def _entry(tree: FileTree, path: str) -> Json:
    node = tree.nodes.get(path)
    return node.metadata() if node else deleted_metadata(tree.history[path][-1].path)


def _covers(cursor: Cursor, path: str) -> bool:
    if cursor.root and not path.startswith(f"{cursor.root}/"):
        return False
    return cursor.recursive or "/" not in path[len(cursor.root) + 1 :]


def _write(cursor: Cursor) -> str:
    fields = [getattr(cursor, name) for name in Cursor.__slots__]
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode()


def _read(tree: FileTree, argument: Json) -> Cursor:
    try:
        cursor = Cursor(*json.loads(base64.urlsafe_b64decode(argument["cursor"])))
    except (ValueError, TypeError) as error:
        raise BadRequest('cursor: Invalid "cursor" parameter') from error
    if cursor.generation != tree.generation:
        raise Refusal(union("reset"))
    return cursor
