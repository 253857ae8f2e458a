"""The agent's settings: `agent.toml` in the home folder, overruled by SMARTMETER_AGENT_… variables."""

import json
import os
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Literal, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from raspi_agent.explain_settings import explain
from raspi_agent.hardware_settings import (
    HttpCameraSettings,
    LightSettings,
    PicameraSettings,
    PowerSettings,
    Table,
    V4l2Settings,
)
from raspi_agent.picture_key import check_camera_name
from raspi_agent.slots import Schedule, next_slot
from raspi_agent.users_folder import users_folder

FILE_NAME = "agent.toml"
PREFIX = "SMARTMETER_AGENT_"
_WITHIN = "__"  # SMARTMETER_AGENT_LIGHT__URL is url in the table [light]
_DAY_MINUTES = 1440


class SettingsError(ValueError):
    """The settings cannot be used; the message says which and why, one per line."""


class AgentSettings(BaseSettings):
    """What varies between one agent and the next."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=_WITHIN, extra="forbid", frozen=True
    )

    camera: Annotated[str, Field(description="the camera's name in every picture's name: a-z 0-9 - _")]
    camera_url: Annotated[
        str,
        Field(description="picamera2:, http://camera/capture, v4l2:/dev/video0 or folder:/srv/ftp/meter"),
    ]
    store_url: Annotated[str, Field(description="where pictures go: file:FOLDER or dropbox:/FOLDER")] = (
        "file:store"
    )
    dropbox_app_key: Annotated[
        str, Field(pattern=r"^([A-Za-z0-9]{8,40})?$", description="key of your Dropbox app, for link-dropbox")
    ] = ""
    outbox: Annotated[
        Path,
        AfterValidator(users_folder),
        Field(description="where pictures wait; relative to the home folder"),
    ] = Path("outbox")
    interval_minutes: Annotated[
        int, Field(ge=0, le=_DAY_MINUTES, description="minutes between pictures; must divide a day; 0: none")
    ] = 15
    daily_times: Annotated[
        tuple[time, ...], Field(description='further pictures each day, local time: ["23:59"]')
    ] = ()
    quiet_hours: Annotated[
        tuple[str, ...], Field(description='no pictures of the interval then, local time: ["01:00-05:00"]')
    ] = ()
    timezone: Annotated[str, Field(description="what local time means, like Europe/Berlin")] = "UTC"
    camera_timeout_s: Annotated[
        float, Field(ge=2, le=60, description="a camera that has given nothing by then is started anew")
    ] = 30
    flow_grace_s: Annotated[
        float, Field(ge=0, le=600, description="leave a slot to Prefect's capture flow for so long")
    ] = 0
    sent_limit_mb: Annotated[
        int, Field(ge=0, description="keep at most so many megabytes of pictures already stored")
    ] = 512
    free_mb: Annotated[
        int, Field(ge=0, description="leave so many megabytes of the disk free, for others and for logs")
    ] = 300
    when_full: Annotated[
        Literal["thin", "stop"],
        Field(description="disk full of unsent pictures: thin the older ones out, and say so, or take none"),
    ] = "thin"
    trust_clock: Annotated[
        bool, Field(description="the clock is right without a time server, for example by a battery")
    ] = False
    picamera2: PicameraSettings = PicameraSettings()
    http: HttpCameraSettings = HttpCameraSettings()
    v4l2: V4l2Settings = V4l2Settings()
    light: LightSettings = LightSettings()
    power: PowerSettings = PowerSettings()

    @field_validator("camera")
    @classmethod
    def _can_stand_in_a_key(cls, name: str) -> str:
        return check_camera_name(name)

    @field_validator("interval_minutes")
    @classmethod
    def _divides_a_day(cls, minutes: int) -> int:
        if minutes and _DAY_MINUTES % minutes:
            message = f"{minutes} minutes do not divide a day; 1, 5, 10, 15, 30 and 60 do"
            raise ValueError(message)
        return minutes

    @field_validator("daily_times", mode="before")
    @classmethod
    def _are_written_out(cls, times: object) -> object:
        # a number would be taken for seconds since midnight
        numbers = (
            [each for each in times if not isinstance(each, str | time)] if isinstance(times, list) else []
        )
        if numbers:
            message = f'{numbers[0]!r} is no time; write it like "23:59"'
            raise ValueError(message)
        return times

    @field_validator("daily_times")
    @classmethod
    def _are_local(cls, times: tuple[time, ...]) -> tuple[time, ...]:
        for each in times:
            if each.tzinfo is not None:
                message = f'{each} names a zone, but times are in that of timezone; write it like "23:59"'
                raise ValueError(message)
        return times

    @field_validator("quiet_hours")
    @classmethod
    def _are_spans(cls, spans: tuple[str, ...]) -> tuple[str, ...]:
        for span in spans:
            _span(span)
        return spans

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"{name!r} is no time zone of this machine; Europe/Berlin is one (apt install tzdata)"
            raise ValueError(message) from error
        return name

    @model_validator(mode="after")
    def _has_slots(self) -> "AgentSettings":
        if not (self.interval_minutes or self.daily_times):
            raise ValueError("interval_minutes = 0 needs daily_times, or no picture would ever be due")
        try:
            next_slot(self.schedule, datetime.now(UTC))
        except ValueError:
            raise ValueError("quiet_hours leave out every slot: no picture would ever be due") from None
        if self.flow_grace_s > self.schedule.window.total_seconds() / 2:
            raise ValueError("flow_grace_s must be at most half the time between two pictures")
        return self

    @property
    def schedule(self) -> Schedule:
        """When pictures are due."""
        return Schedule(
            interval_minutes=self.interval_minutes,
            daily_times=self.daily_times,
            quiet_hours=tuple(_span(span) for span in self.quiet_hours),
            zone=ZoneInfo(self.timezone),
        )

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
        values = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
    except UnicodeDecodeError as error:
        message = f"{path} is not written in UTF-8: save it anew with that encoding"
        raise SettingsError(message) from error
    except (tomllib.TOMLDecodeError, OSError) as error:
        message = f"{path} cannot be read: {error}"
        raise SettingsError(message) from error
    known = {_variable_of(name) for name, _ in all_settings()}
    strange = [name for name in os.environ if name.startswith(PREFIX) and name not in known]
    if strange:
        message = f"{', '.join(sorted(strange))}: no such setting; there are {', '.join(sorted(known))}"
        raise SettingsError(message)
    try:
        return AgentSettings(**values)
    except UnreadableVariable as error:
        raise SettingsError(_explain_variables() or str(error)) from error
    except ValidationError as error:
        message = explain(error, path, dict(all_settings()), PREFIX)
        if not path.exists():
            message += f"\n{path} does not exist; it can say:\n{describe_settings()}"
        raise SettingsError(message) from error


def all_settings(model: type[BaseModel] = AgentSettings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its name, `light.url` being `url` in the table `[light]`."""
    for name, setting in model.model_fields.items():
        if isinstance(setting.annotation, type) and issubclass(setting.annotation, Table):
            yield from all_settings(setting.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", setting


def describe_settings() -> str:
    """Every setting with its default and meaning, one per line."""
    lines = []
    for name, setting in all_settings():
        default = "required" if setting.is_required() else f"default {_as_toml(setting.default)}"
        lines.append(f"  {name:26} {setting.description} ({default})")
    return "\n".join(lines)


def _as_toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() | Path():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(_as_toml(each) for each in value)}]"
        case _:
            return "none" if value is None else str(value)


def _variable_of(name: str) -> str:
    return f"{PREFIX}{name}".upper().replace(".", _WITHIN)


def _explain_variables() -> str:
    """Which variables should hold a list and do not."""
    lines = []
    for name, setting in all_settings():
        text = os.environ.get(_variable_of(name))
        if text is None or get_origin(setting.annotation) is not tuple:
            continue
        try:
            json.loads(text)
        except ValueError:
            parts = (part.strip(" []\"'") for part in text.split(","))
            example = json.dumps([part for part in parts if part])
            lines.append(
                f"{_variable_of(name)} = {text!r} is no list: write {example} ({setting.description})"
            )
    return "\n".join(lines)


def _span(text: str) -> tuple[time, time]:
    message = f"{text!r} is no span of time; write it like 01:00-05:00"
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise ValueError(message) from None
    if start.tzinfo or end.tzinfo:
        raise ValueError(message)
    return start, end
