"""The JSON of Dropbox's API: unions, and the two ways to say no."""

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):  # noqa: N818 - an answer, not a fault of ours
    """An error that the route declares; the client gets it as a union with status 409."""

    def __init__(self, error: Json, status: int = 409) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class BadRequest(Exception):  # noqa: N818 - likewise
    """A request that makes no sense: status 400 and plain text."""


def union(tag: str, value: object = None) -> Json:
    """A union of the API; a nested union stands under its tag."""
    return {".tag": tag} if value is None else {".tag": tag, tag: value}


def summary(error: Json) -> str:
    """The tags of an error on the way down, as in `path/not_found/`."""
    tags = []
    node: object = error
    while isinstance(node, dict) and ".tag" in node:
        tag = node[".tag"]
        tags.append(tag)
        node = node.get(tag, node.get("reason"))
    return "/".join([*tags, ""])


def plain(metadata: Json) -> Json:
    """A struct where the API names its type by itself, and thus sends no tag."""
    return {name: value for name, value in metadata.items() if name != ".tag"}
