"""What the terminal of a command shows of Prefect's log; the UI has all of it."""

import logging

from prefect.logging.handlers import PrefectConsoleHandler

_ENGINES = ("prefect.flow_runs", "prefect.task_runs")


class BriefConsole(PrefectConsoleHandler):
    """Warnings in a line each; the command itself tells a failure, in a sentence and not in a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record, unless it is Prefect's own account of an exception that will reach the command."""
        if record.name not in _ENGINES or record.levelno < logging.ERROR:
            super().emit(record)
