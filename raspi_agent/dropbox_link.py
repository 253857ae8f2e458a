"""Link a home folder with a Dropbox: a person allows it in any browser and pastes a code."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dropbox
import requests

from raspi_agent.dropbox_errors import store_error
from raspi_agent.dropbox_token import DropboxToken, save_token
from raspi_agent.store import StoreRefused

# The camera's side can add pictures and no more: it can't list them, and can't read anybody's.
CAMERA_SCOPES = ("account_info.read", "files.content.write")
SERVER_SCOPES = ("account_info.read", "files.content.read", "files.content.write", "files.metadata.read")
_TIMEOUT_S = 30.0
_CONSOLE = "https://www.dropbox.com/developers/apps"
NO_APP_KEY = (
    f"No Dropbox app is named. Make one of your own at {_CONSOLE} (scoped access, app folder), "
    "and put its app key into the settings as dropbox_app_key, or give --app-key."
)


def link_dropbox(home: Path, app_key: str, scopes: Sequence[str], ask: Callable[[str], str]) -> str:
    """Let a person link the home folder with a Dropbox; return whose Dropbox it is.

    OAuth 2 with PKCE: no secret of the app is needed anywhere, and the code is worthless to anybody else.
    A link that was there before stays until the new one has proved to work.

    Args:
        home: Gets the refresh token, in a file that only its owner reads.
        app_key: Of the person's own Dropbox app.
        scopes: What to ask for.
        ask: Shows an address to the person and returns the code that the page there gives.

    Raises:
        StoreRefused: Dropbox does not accept the code, the app key or the permissions; says what to do.
        StoreUnavailable: Dropbox can't be reached.
        OSError: The token can't be written.
    """
    flow = dropbox.DropboxOAuth2FlowNoRedirect(
        app_key,
        use_pkce=True,
        token_access_type="offline",  # noqa: S106 - a kind of token, not one
        scope=list(scopes),
        timeout=_TIMEOUT_S,
    )
    code = ask(flow.start()).strip()
    if not code:
        raise StoreRefused("No code was given, nothing was linked. Run it again and paste the page's code.")
    try:
        granted = flow.finish(code)
    except requests.HTTPError as error:
        raise StoreRefused(_refusal(error)) from error
    except Exception as error:
        raise store_error(error) from error
    missing = sorted(set(scopes) - set((granted.scope or "").split()))
    if missing or not granted.refresh_token:
        raise StoreRefused(
            f"The link lacks the permission {', '.join(missing) or 'to last'}; nothing was changed. "
            f"Tick it on the app's page under Permissions at {_CONSOLE}, submit, and link again."
        )
    name = _account_name(granted.refresh_token, app_key)
    save_token(home, DropboxToken(app_key, granted.refresh_token))
    return name


def _account_name(refresh_token: str, app_key: str) -> str:
    """The name of the account; asking for it proves that the token works."""
    client = dropbox.Dropbox(
        oauth2_refresh_token=refresh_token,
        app_key=app_key,
        timeout=_TIMEOUT_S,
        max_retries_on_error=0,
        max_retries_on_rate_limit=0,
    )
    try:
        return str(client.users_get_current_account().name.display_name)
    except Exception as error:
        raise store_error(error) from error


def _refusal(error: requests.HTTPError) -> str:
    try:
        answer = error.response.json() if error.response is not None else {}
        reason, detail = str(answer["error"]), str(answer.get("error_description", ""))
    except (ValueError, KeyError, TypeError):
        reason, detail = str(error), ""
    if reason == "invalid_grant":
        return (
            f"Dropbox does not accept the code ({detail}). It is good once, for a few minutes, and only for "
            "the address shown with it: run the command again and paste the new one."
        )
    if reason.startswith(("invalid_client", "unauthorized_client")):
        return f"Dropbox knows no app with that key ({reason}). Copy the app key from its page at {_CONSOLE}."
    return f"Dropbox refuses to link ({reason} {detail}). Run the command again in a moment."
