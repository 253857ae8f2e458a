"""`smartmeter-agent`: the program on the Raspberry Pi."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from raspi_agent import commands
from raspi_agent.cameras.camera import CameraError
from raspi_agent.running import AnotherAgent
from raspi_agent.store import StoreError

Command = Callable[[Path, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; 0 when it did what it should, 1 when it failed, 2 when it was asked wrongly."""
    options = _parser().parse_args(arguments)
    if options.command != "run":  # which keeps a log of its own
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    run: Command = options.run
    try:
        return run(options.home, options)
    except ValueError as error:
        return _complain(str(error), commands.WRONG_USE)
    except (StoreError, AnotherAgent) as error:
        return _complain(str(error), commands.FAILED)
    except (CameraError, TimeoutError) as error:
        return _complain(f"no picture: {error}", commands.FAILED)
    except OSError as error:
        return _complain(
            f"{error}; is the disk full, or does the folder belong to another user?", commands.FAILED
        )
    except KeyboardInterrupt:
        return commands.OK


def _parser() -> argparse.ArgumentParser:
    home = os.environ.get("SMARTMETER_HOME", "var")
    parser = argparse.ArgumentParser(
        prog="smartmeter-agent",
        description="Take pictures of a meter, keep them safe, bring them to the store.",
    )
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(home),
        help="folder with agent.toml and the outbox (default: $SMARTMETER_HOME or var)",
    )
    _add_commands(parser.add_subparsers(dest="command", required=True, metavar="COMMAND"))
    return parser


def _add_commands(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    def add(name: str, run: Command, summary: str, description: str | None = None) -> argparse.ArgumentParser:
        verb = verbs.add_parser(
            name, help=summary, description=description or f"{summary[0].upper()}{summary[1:]}."
        )
        verb.set_defaults(run=run)
        return verb

    add("run", commands.run, "take a picture every slot and upload it, until SIGTERM")
    add("once", commands.once, "take the picture of the present slot, or one besides the slots, then upload")
    add("upload", commands.upload, "bring every waiting picture to the store")
    status = add("status", commands.status, "show how full the outbox is and when it last took and gave")
    status.add_argument("--json", action="store_true", help="print it as JSON")
    calibrate = add(
        "calibrate",
        commands.calibrate,
        "take a picture to look at, and tell how sharp and how light it is",
        "Switches the lamp on, takes a picture into calibration.jpg in the home folder, and tells how sharp "
        "and how light it is. Stop an agent that holds the camera first: systemctl stop smartmeter-agent.",
    )
    how = calibrate.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="go on while you turn the lens, until Ctrl-C")
    how.add_argument(
        "--sweep", action="store_true", help="try the positions of a Module 3's lens, name the best"
    )
    link = add(
        "link-dropbox",
        commands.link_dropbox,
        "let a Dropbox be the store",
        "Prints an address to open in any browser; reads the code shown there from the input.",
    )
    link.add_argument("--app-key", help="key of your Dropbox app (default: dropbox_app_key in agent.toml)")
    add(
        "doctor", commands.doctor, "check settings, camera, lamp, store, disk and clock; each with its remedy"
    )
    add("light-off", commands.light_off, "turn the lamp off, as systemd does when the agent has ended")


def _complain(sentence: str, code: int) -> int:
    sys.stderr.write(f"smartmeter-agent: {sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
