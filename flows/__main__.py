"""`smartmeter`, also where only the camera agent's packages are installed: then it says what is missing."""

import sys

_WRONG_USE = 2


def main() -> None:
    """Run the command; see `flows.cli.main`."""
    try:
        from flows.cli import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"The package {error.name} is missing: this installation has no server.\n"
            "Set it up with `make setup` in the project's folder. On the camera's machine the command is "
            "smartmeter-agent.\n"
        )
        sys.exit(_WRONG_USE)
    run()


if __name__ == "__main__":
    main()
