"""The agent's settings: `agent.toml` in the home folder, overruled by SMARTMETER_AGENT_… variables."""

import os
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from raspi_agent.picture_key import check_camera_name

FILE_NAME = "agent.toml"
PREFIX = "SMARTMETER_AGENT_"
_DAY_MINUTES = 1440


class SettingsError(ValueError):
    """The settings cannot be used; the message says which and why, one per line."""


class AgentSettings(BaseSettings):
    """What varies between one agent and the next."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    camera: Annotated[str, Field(description="the camera's name in every picture's name: a-z 0-9 - _")]
    camera_url: Annotated[
        str, Field(description="where pictures come from, for example folder:/srv/ftp/meter")
    ]
    store_url: Annotated[str, Field(description="where pictures go: file:FOLDER or dropbox:/FOLDER")] = (
        "file:store"
    )
    dropbox_app_key: Annotated[
        str, Field(pattern=r"^([A-Za-z0-9]{8,40})?$", description="key of your Dropbox app, for link-dropbox")
    ] = ""
    outbox: Annotated[Path, Field(description="where pictures wait; relative to the home folder")] = Path(
        "outbox"
    )
    interval_minutes: Annotated[
        int, Field(ge=1, le=_DAY_MINUTES, description="minutes between pictures; must divide a day")
    ] = 15
    sent_limit_mb: Annotated[
        int, Field(ge=0, description="keep at most so many megabytes of pictures already stored")
    ] = 512
    trust_clock: Annotated[
        bool, Field(description="the clock is right without a time server, for example by a battery")
    ] = False

    @field_validator("camera")
    @classmethod
    def _can_stand_in_a_key(cls, name: str) -> str:
        return check_camera_name(name)

    @field_validator("interval_minutes")
    @classmethod
    def _divides_a_day(cls, minutes: int) -> int:
        if _DAY_MINUTES % minutes:
            message = f"{minutes} minutes do not divide a day; 1, 5, 10, 15, 30 and 60 do"
            raise ValueError(message)
        return minutes

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before the file, whose values arrive as arguments; see pydantic-settings."""
        return env_settings, init_settings


def load_settings(home: Path) -> AgentSettings:
    """The settings of the agent that lives in the home folder.

    Raises:
        SettingsError: a setting is missing, unknown or impossible, or the file is no TOML.
    """
    path = home / FILE_NAME
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        message = f"{path} cannot be read: {error}"
        raise SettingsError(message) from error
    known = AgentSettings.model_fields
    strange = [
        name for name in os.environ if name.startswith(PREFIX) and name[len(PREFIX) :].lower() not in known
    ]
    if strange:
        message = f"{', '.join(sorted(strange))}: no such setting; there are {_names(PREFIX)}"
        raise SettingsError(message)
    try:
        return AgentSettings(**values)
    except ValidationError as error:
        message = _explain(error, path)
        if not path.exists():
            message += f"\n{path} does not exist; it can say:\n{describe_settings()}"
        raise SettingsError(message) from error


def describe_settings() -> str:
    """Every setting with its default and meaning, one per line."""
    lines = []
    for name, setting in AgentSettings.model_fields.items():
        default = "required" if setting.is_required() else f"default {setting.default}"
        lines.append(f"  {name:18} {setting.description} ({default})")
    return "\n".join(lines)


def _explain(error: ValidationError, path: Path) -> str:
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        setting = AgentSettings.model_fields.get(name)
        if setting is None:
            lines.append(f"{name} in {path}: no such setting; there are {_names()}")
        elif problem["type"] == "missing":
            lines.append(
                f"{name} is missing in {path} ({PREFIX}{name.upper()} will do): {setting.description}"
            )
        else:
            reason = str(problem["msg"]).removeprefix("Value error, ")
            lines.append(f"{name} = {problem['input']!r}: {reason} ({setting.description})")
    return "\n".join(lines)


def _names(prefix: str = "") -> str:
    return ", ".join(f"{prefix}{name.upper()}" if prefix else name for name in AgentSettings.model_fields)
