"""The settings of one installation: `smartmeter.toml` in its home, overruled by SMARTMETER_* variables."""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings import SettingsError as VariableError

from tasks.metering.register import Register
from tasks.settings_tables import (
    OBIS_CODE,
    AlertSettings,
    BackupSettings,
    ReaderSettings,
    ReportSettings,
    ScheduleSettings,
    ServerSettings,
    StoreSettings,
    Table,
    TariffSettings,
)

FILE_NAME = "smartmeter.toml"
NAME = r"^[a-z0-9][a-z0-9_-]{0,40}$"
BOX_NUMBERS = 4
CORNER_NUMBERS = 8


class SettingsError(Exception):
    """The settings can't be used; the message says where and what to do."""


def refuse_unless(condition: bool, sentence: str) -> None:  # noqa: FBT001  (reads as a sentence)
    """Refuse what was asked for with this sentence (of a command: exit code 2) unless the condition holds.

    Raises:
        SettingsError: It does not hold.
    """
    if not condition:
        raise SettingsError(sentence)


def _known_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; write it like 'Europe/Berlin'")
    return name


class RegisterSettings(Table):
    """A further register of a meter: what differs from the first one."""

    obis_code: Annotated[str, Field(pattern=OBIS_CODE)]
    digits: Annotated[int, Field(ge=3, le=12)] | None = None
    decimals: Annotated[int, Field(ge=0, le=3)] | None = None
    window: tuple[float, ...] | None = None


class MeterSettings(Table):
    """One meter, its registers, and where they stand in its camera's pictures."""

    camera: Annotated[str, Field(pattern=NAME)]
    obis_code: Annotated[str, Field(pattern=OBIS_CODE)] = "1-0:1.8.0"
    digits: Annotated[int, Field(ge=3, le=12)]
    decimals: Annotated[int, Field(ge=0, le=3)] = 0
    max_power_kw: Annotated[float, Field(gt=0, le=1000)] = 24.0
    runs_backwards: bool = False
    window: tuple[float, ...] | Literal["auto"] | None = None
    mirror: Literal["none", "horizontal", "vertical"] = "none"
    rotation: Literal[0, 90, 180, 270] = 0
    registers: tuple[RegisterSettings, ...] = ()

    @model_validator(mode="after")
    def _registers_can_be_read(self) -> "MeterSettings":
        for face in self.faces.values():
            if isinstance(face.window, tuple) and len(face.window) not in (BOX_NUMBERS, CORNER_NUMBERS):
                raise ValueError(
                    "window takes 4 numbers (x0, y0, x1, y1) or 8 (four corners) in pixels, or auto"
                )
            if face.decimals >= face.digits:
                raise ValueError("decimals must be fewer than digits")
        for each in self.registers:
            if self.window is not None and each.window is None:
                raise ValueError(
                    f"{each.obis_code} needs a window of its own, or it reads the first register's"
                )
        codes = [self.obis_code, *(each.obis_code for each in self.registers)]
        if len(set(codes)) < len(codes):
            raise ValueError("every register of a meter needs an obis_code of its own")
        return self

    @property
    def faces(self) -> dict[str, "MeterSettings"]:
        """Each register by its OBIS code, as the settings of a meter that has no other."""
        alone = self.model_copy(update={"registers": ()})
        others = {
            each.obis_code: alone.model_copy(update=each.model_dump(exclude_none=True))
            for each in self.registers
        }
        return {self.obis_code: alone, **others}


def _tables(path: Path) -> dict[str, Any]:
    """What the file says, also where an editor began it with a byte order mark; nothing without a file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}


class Settings(BaseSettings):
    """Everything that varies between two installations."""

    model_config = SettingsConfigDict(
        env_prefix="SMARTMETER_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path = Path("var")
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Europe/Berlin"
    store: StoreSettings = StoreSettings()
    reader: ReaderSettings = ReaderSettings()
    report: ReportSettings = ReportSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    server: ServerSettings = ServerSettings()
    backup: BackupSettings = BackupSettings()
    alerts: AlertSettings = AlertSettings()
    meters: dict[Annotated[str, Field(pattern=NAME)], MeterSettings] = {}
    tariffs: dict[Annotated[str, Field(pattern=NAME)], TariffSettings] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic calls by this signature)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (likewise)
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file; the file lies in the home folder that the environment names."""
        return (
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, _tables(home_folder() / FILE_NAME)),
        )

    @property
    def archive(self) -> Path:
        """Folder with every picture ever fetched, under its picture key."""
        return self.home / "archive"

    @property
    def warehouse(self) -> Path:
        """The live DuckDB file; only flows open it."""
        return self.home / "smartmeter.duckdb"

    @property
    def site(self) -> Path:
        """Folder with the report page, its pictures and the read-only SQL copy."""
        return self.home / "site"

    @property
    def page(self) -> Path:
        """The report's first page."""
        return self.site / "index.html"

    @property
    def sql_copy(self) -> Path:
        """The read-only copy of the warehouse for people."""
        return self.site / "smartmeter.duckdb"

    @property
    def web_root(self) -> Path | None:
        """The web server's folder to which the report is copied; None where there is none."""
        return self.home / self.report.web_root if self.report.web_root else None

    @property
    def backups(self) -> Path:
        """The folder for archives of the home folder."""
        return self.home / self.backup.home_folder

    @property
    def zone(self) -> ZoneInfo:
        """The household's time zone."""
        return ZoneInfo(self.timezone)

    def register_of(self, meter: str) -> Register:
        """The register of a configured meter.

        Raises:
            SettingsError: No meter of that name is configured.
        """
        chosen = self.meters.get(meter)
        if chosen is None:
            known = ", ".join(sorted(self.meters)) or "none"
            raise SettingsError(
                f"There is no meter {meter!r} in {self.home / FILE_NAME} (configured: {known}). "
                f"Add a table [meters.{meter}] there; `smartmeter init` writes an explained example."
            )
        return self.register(f"{meter}/{chosen.obis_code}")

    def register_ids(self, meter: str) -> tuple[str, ...]:
        """The registers of a configured meter, the first one first.

        Raises:
            SettingsError: No meter of that name is configured.
        """
        self.register_of(meter)
        return tuple(f"{meter}/{code}" for code in self.meters[meter].faces)

    def face(self, register_id: str) -> MeterSettings:
        """How a register looks and where it stands.

        Raises:
            SettingsError: It is not configured.
        """
        meter, _, code = register_id.partition("/")
        face = self.meters[meter].faces.get(code) if meter in self.meters else None
        if face is None:
            raise SettingsError(f"There is no register {register_id!r} in {self.home / FILE_NAME}.")
        return face

    def register(self, register_id: str) -> Register:
        """A configured register.

        Raises:
            SettingsError: It is not configured.
        """
        face = self.face(register_id)
        return Register(
            register_id=register_id,
            digits=face.digits,
            decimals=face.decimals,
            max_power_w=round(face.max_power_kw * 1000),
            runs_backwards=face.runs_backwards,
        )


def home_folder() -> Path:
    """The home folder: SMARTMETER_HOME, or `var` in the working directory."""
    return Path(os.environ.get("SMARTMETER_HOME", "var"))


def default_settings() -> Settings:
    """The settings of an empty file, for who has to tell that this home's can't be used."""
    return Settings.model_construct(home=home_folder())


def load_settings() -> Settings:
    """The settings of the home folder, checked.

    Raises:
        SettingsError: A value is missing or wrong; the message names each.
    """
    path = home_folder() / FILE_NAME
    try:
        return Settings()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}. Mend that line.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not written in UTF-8. Save it anew with that encoding.") from error
    except OSError as error:
        raise SettingsError(
            f"{path} can't be read: {error.strerror}. Run this as the user whose home folder it is."
        ) from error
    except VariableError as error:
        raise SettingsError(
            f"A variable SMARTMETER_... can't be used: {error}. A table's values are set one by one, "
            "like SMARTMETER_STORE__URL; unset the others."
        ) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingsError(f"{path} can't be used: {faults}.") from error
