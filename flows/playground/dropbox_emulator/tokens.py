"""Who may do what: the OAuth half of the emulator."""

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from flows.playground.dropbox_emulator.wire import Json, Refusal

SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.metadata.write",
    "files.content.read",
    "files.content.write",
)
ACCESS_LIFE_S = 14_400


@dataclass(frozen=True, slots=True)
class Approval:
    """What the person in the browser allowed."""

    scopes: tuple[str, ...]
    challenge: str
    offline: bool


@dataclass(slots=True)
class Tokens:
    """Codes, refresh tokens and access tokens of one app, which has no secret."""

    app_key: str
    codes: dict[str, Approval] = field(default_factory=dict)
    refresh: dict[str, tuple[str, ...]] = field(default_factory=dict)
    access: dict[str, tuple[tuple[str, ...], float]] = field(default_factory=dict)

    def approve(self, url: str, scopes: tuple[str, ...] | None = None) -> str:
        """The code that a person gets who opens the address and presses Allow.

        Raises:
            ValueError: the page would show an error: another app, or no PKCE challenge of kind S256.
        """
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        if query.get("client_id") != self.app_key or query.get("response_type") != "code":
            message = f"{url} asks for another app or for no code"
            raise ValueError(message)
        if query.get("code_challenge_method") != "S256":
            message = f"{url} carries no challenge of kind S256"
            raise ValueError(message)
        wanted = tuple(query["scope"].split()) if "scope" in query else SCOPES
        code = secrets.token_urlsafe(24)
        offline = query.get("token_access_type") == "offline"
        self.codes[code] = Approval(scopes or wanted, query["code_challenge"], offline)
        return code

    def link(self, scopes: tuple[str, ...] = SCOPES) -> str:
        """A refresh token for these scopes."""
        token = secrets.token_urlsafe(32)
        self.refresh[token] = scopes
        return token

    def revoke_all(self) -> None:
        """What happens when the person disconnects the app."""
        self.refresh.clear()
        self.access.clear()

    def expire_all(self) -> None:
        """Let every access token be past its time; refresh tokens stay good."""
        self.access = {token: (scopes, 0.0) for token, (scopes, _) in self.access.items()}

    def answer(self, form: dict[str, str]) -> Json:
        """What `oauth2/token` answers to a form."""
        if form.get("client_id") != self.app_key:
            raise _grant_refused("invalid_client_id: Invalid client_id")
        match form.get("grant_type"):
            case "refresh_token":
                scopes = self.refresh.get(form.get("refresh_token", ""))
                if scopes is None:
                    raise _grant_refused("invalid_grant", "refresh token is invalid or revoked")
                return self._grant(scopes)
            case "authorization_code":
                return self._redeem(form)
            case _:
                raise _grant_refused("unsupported_grant_type")

    def check(self, authorization: str, scope: str) -> None:
        """Let a request with that header pass, or say why not."""
        granted, until_s = self.access.get(authorization.removeprefix("Bearer "), ((), None))
        if until_s is None:
            raise Refusal({".tag": "invalid_access_token"}, 401)
        if until_s <= time.time():
            raise Refusal({".tag": "expired_access_token"}, 401)
        if scope not in granted:
            raise Refusal({".tag": "missing_scope", "required_scope": scope}, 401)

    def _redeem(self, form: dict[str, str]) -> Json:
        approval = self.codes.pop(form.get("code", ""), None)
        if approval is None:
            raise _grant_refused("invalid_grant", "code doesn't exist or has expired")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != approval.challenge:
            raise _grant_refused("invalid_grant", "invalid code verifier")
        answer = self._grant(approval.scopes) | {"uid": "1", "account_id": "dbid:playground"}
        if approval.offline:
            answer["refresh_token"] = self.link(approval.scopes)
        return answer

    def _grant(self, scopes: tuple[str, ...]) -> Json:
        token = f"sl.{secrets.token_urlsafe(32)}"
        self.access[token] = (scopes, time.time() + ACCESS_LIFE_S)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": ACCESS_LIFE_S,
            "scope": " ".join(scopes),
        }


def _grant_refused(error: str, description: str = "") -> Refusal:
    return Refusal({"error": error, "error_description": description}, 400)
