"""How to be let in by a Prefect server that asks for a user and a password."""

import os


def prefect_auth() -> tuple[str, str] | None:
    """User and password for the Prefect API, of PREFECT_API_AUTH_STRING; None where it holds none."""
    user, mark, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    return (user, password) if mark else None
