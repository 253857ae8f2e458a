"""The routes of the API: name, the scope it needs, and what it does."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from flows.playground.dropbox_emulator import listing
from flows.playground.dropbox_emulator.file_tree import File, FileTree
from flows.playground.dropbox_emulator.wire import BadRequest, Json, Refusal, plain, union
from raspi_agent.content_hash import content_hash

_LARGEST_UPLOAD_BYTES = 150 << 20


@dataclass(slots=True)
class Account:
    """What lies behind the routes: the files, and the uploads that come in parts."""

    files: FileTree
    sessions: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """The answer of a route that hands out a file."""

    metadata: Json
    data: bytes


@dataclass(frozen=True, slots=True)
class Route:
    """A route; `takes_bytes` when the body is a file and the argument stands in a header."""

    scope: str
    answer: Callable[[Account, Json, bytes], Json | Download | None]
    takes_bytes: bool = False
    locked: bool = True


def _upload(account: Account, argument: Json, body: bytes) -> Json:
    if len(body) > _LARGEST_UPLOAD_BYTES:
        raise Refusal(union("payload_too_large"))
    _check_hash(argument, body)
    return plain(_commit(account, argument, body))


def _commit(account: Account, argument: Json, data: bytes) -> Json:
    try:
        return account.files.commit(argument, data)
    except Refusal as refusal:
        # UploadWriteFailed is a struct: its fields stand beside the tag
        failed = {".tag": "path", "reason": refusal.error, "upload_session_id": "pid_none"}
        raise Refusal(failed) from refusal


def _check_hash(argument: Json, body: bytes) -> None:
    if argument.get("content_hash") not in (None, content_hash(body)):
        raise Refusal(union("content_hash_mismatch"))


def _download(account: Account, argument: Json, _: bytes) -> Download:
    node = account.files.find(argument["path"])
    if node is None:
        raise Refusal(union("path", union("not_found")))
    if not isinstance(node, File):
        raise Refusal(union("path", union("not_file")))
    return Download(plain(node.metadata()), node.data)


def _metadata(account: Account, argument: Json, _: bytes) -> Json:
    if not argument["path"]:
        raise BadRequest("path: The root folder is unsupported.")
    node = account.files.find(argument["path"])
    if node is None:
        raise Refusal(union("path", union("not_found")))
    return node.metadata()


def _restore(account: Account, argument: Json, _: bytes) -> Json:
    return plain(account.files.restore(argument))


def _start_session(account: Account, argument: Json, body: bytes) -> Json:
    _check_hash(argument, body)
    session = f"pid_upload_session:{secrets.token_urlsafe(16)}"
    account.sessions[session] = body
    return {"session_id": session}


def _append(account: Account, argument: Json, body: bytes) -> None:
    _check_hash(argument, body)
    cursor = argument["cursor"]
    account.sessions[cursor["session_id"]] = _begun(account, cursor) + body


def _finish(account: Account, argument: Json, body: bytes) -> Json:
    _check_hash(argument, body)
    try:
        data = _begun(account, argument["cursor"]) + body
    except Refusal as refusal:
        raise Refusal(union("lookup_failed", refusal.error)) from refusal
    metadata = _commit(account, argument["commit"], data)
    del account.sessions[argument["cursor"]["session_id"]]
    return plain(metadata)


def _finish_batch(account: Account, argument: Json, _: bytes) -> Json:
    entries = []
    for entry in argument["entries"]:
        try:
            entries.append(_finish(account, entry, b"") | {".tag": "success"})
        except Refusal as refusal:
            entries.append(union("failure", refusal.error))
    return {"entries": entries}


def _begun(account: Account, cursor: Json) -> bytes:
    data = account.sessions.get(cursor["session_id"])
    if data is None:
        raise Refusal(union("not_found"))
    if len(data) != cursor["offset"]:
        raise Refusal({".tag": "incorrect_offset", "correct_offset": len(data)})
    return data


def _space(account: Account, _argument: Json, _: bytes) -> Json:
    files = account.files
    return {"used": files.used_bytes, "allocation": {".tag": "individual", "allocated": files.quota_bytes}}


def _account(account: Account, _argument: Json, _: bytes) -> Json:
    names = ("given_name", "surname", "familiar_name", "display_name", "abbreviated_name")
    return {
        "account_id": f"dbid:{id(account):035d}",
        "name": dict.fromkeys(names, "Play"),
        "email": "meter@example.org",
        "email_verified": True,
        "disabled": False,
        "locale": "en",
        "referral_link": "https://db.tt/none",
        "is_paired": False,
        "account_type": {".tag": "basic"},
        "root_info": {".tag": "user", "root_namespace_id": "1", "home_namespace_id": "1"},
    }


ROUTES = {
    "users/get_current_account": Route("account_info.read", _account),
    "users/get_space_usage": Route("account_info.read", _space),
    "files/list_folder": Route("files.metadata.read", lambda a, x, _: listing.begin_listing(a.files, x)),
    "files/list_folder/continue": Route(
        "files.metadata.read", lambda a, x, _: listing.continue_listing(a.files, x)
    ),
    "files/list_folder/get_latest_cursor": Route(
        "files.metadata.read", lambda a, x, _: listing.latest_cursor(a.files, x)
    ),
    "files/list_folder/longpoll": Route("", lambda a, x, _: listing.wait_for_news(a.files, x), locked=False),
    "files/get_metadata": Route("files.metadata.read", _metadata),
    "files/list_revisions": Route("files.metadata.read", lambda a, x, _: a.files.revisions(x)),
    "files/restore": Route("files.content.write", _restore),
    "files/download": Route("files.content.read", _download),
    "files/upload": Route("files.content.write", _upload, takes_bytes=True),
    "files/upload_session/start": Route("files.content.write", _start_session, takes_bytes=True),
    "files/upload_session/append_v2": Route("files.content.write", _append, takes_bytes=True),
    "files/upload_session/finish": Route("files.content.write", _finish, takes_bytes=True),
    "files/upload_session/finish_batch_v2": Route("files.content.write", _finish_batch),
    "files/create_folder_v2": Route(
        "files.content.write", lambda a, x, _: {"metadata": plain(a.files.make_folder(x))}
    ),
    "files/delete_v2": Route("files.content.write", lambda a, x, _: {"metadata": a.files.delete(x)}),
    "files/move_v2": Route("files.content.write", lambda a, x, _: {"metadata": a.files.move(x)}),
}
