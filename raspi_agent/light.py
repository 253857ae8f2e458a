"""The lamp by which a picture is taken."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings


class LightError(Exception):
    """The lamp cannot be switched; a picture is taken all the same. The message says the remedy."""


class Light(Protocol):
    """Something that can be switched on and off; either may be repeated."""

    def on(self) -> None:
        """Switch it on.

        Raises:
            LightError: it does not obey.
        """
        ...

    def off(self) -> None:
        """Switch it off.

        Raises:
            LightError: it does not obey.
        """
        ...


def open_light(settings: "AgentSettings") -> Light | None:
    """The lamp that the settings name, None without one."""
    del settings
    return None
