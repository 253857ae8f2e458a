from pathlib import Path

import pytest

from raspi_agent.lamps.gpio import GpioLamp
from raspi_agent.lamps.http import HttpLamp
from raspi_agent.lamps.usb import UsbLamp
from raspi_agent.light import open_light
from raspi_agent.settings import AgentSettings


def settings(**light: object) -> AgentSettings:
    return AgentSettings(camera="cellar", camera_url="picamera2:", light=light)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("", type(None)),
        ("gpio:17", GpioLamp),
        ("usb:1-1:2", UsbLamp),
        ("usb:1-1.4.2:10", UsbLamp),
        ("usb:2:1", UsbLamp),
        ("http://lamp/on", HttpLamp),
        (" HTTP://lamp/on ", HttpLamp),
    ],
)
def test_every_kind_of_lamp(tmp_path: Path, url: str, kind: type) -> None:
    assert type(open_light(settings(url=url, off_url="http://lamp/off"), sysfs=tmp_path)) is kind


@pytest.mark.parametrize(
    "url", ["gpio:", "gpio:LED", "usb:1-1", "usb:1-1:2; reboot", "lamp", "mqtt://a:pw@lamp/on"]
)
def test_other_lamps_are_refused_with_a_list_of_the_kinds(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match=r"is no lamp: use gpio:17, usb:.* or http://lamp/on") as caught:
        open_light(settings(url=url), sysfs=tmp_path)
    assert "pw" not in str(caught.value)


def test_an_address_that_cannot_be_one_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^url in .light. is no address"):
        open_light(settings(url="http://[lamp/on", off_url="http://lamp/off"), sysfs=tmp_path)
