"""Commands that play what a household has: simulate-camera."""

import threading
from typing import Annotated, Literal

import typer

from flows.commands.common import out

app = typer.Typer()


@app.command()
def simulate_camera(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where it listens; 0 for a free port.")] = 0,
    host: Annotated[
        str, typer.Option(help="The address it listens at; 0.0.0.0 lets the whole network see it.")
    ] = "127.0.0.1",
    fault: Annotated[
        Literal["dark", "blur", "frozen", "cut", "hang", "html", "404"] | None,
        typer.Option(help="What goes wrong with its pictures.", show_default=False),
    ] = None,
    fault_every: Annotated[
        int, typer.Option(min=1, help="With every how many-th picture it goes wrong.")
    ] = 1,
    mirror: Annotated[
        Literal["none", "horizontal", "vertical"], typer.Option(help="How a mirror turns its pictures.")
    ] = "vertical",
) -> None:
    """Be a camera in the network that looks at a simulated meter, until Ctrl-C.

    The agent photographs it like an ESP32-CAM; its register turns as a household uses power.
    """
    from flows.playground.meter_camera import FAULTS, REGISTER, SEED, MeterCamera
    from models.rendering.meter import MeterFace

    face = MeterFace(digits=REGISTER.digits, decimals=REGISTER.decimals, seed=SEED, mirror=mirror)
    with MeterCamera(host, port, face=face, fault=fault, fault_every=fault_every) as camera:
        window = ", ".join(f"{number:.1f}" for number in camera.window)
        for name, text in (
            ("Camera", f"{camera.url}/capture"),
            ("Truth", f"{camera.url}/truth"),
            ("Lamp", f"{camera.url}/light/on and {camera.url}/light/off"),
            ("Faults", f"{camera.url}/capture?fault=NAME: {', '.join(FAULTS)}"),
            ("agent.toml", f'camera_url = "{camera.url}/capture"'),
            ("Meter", f"digits = {REGISTER.digits}, decimals = {REGISTER.decimals}, window = [{window}]"),
            ("Stop", "Ctrl-C"),
        ):
            out.print(f"{name + ':':<12} {text}", highlight=False, soft_wrap=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            out.print("Stopped.")
