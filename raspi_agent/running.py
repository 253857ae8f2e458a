"""The agent at work: clockwork, upload, reports and the end of a power cycle, wired together."""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from raspi_agent.ask import AskServer
from raspi_agent.capture import Equipment
from raspi_agent.capture_loop import ACTIVITY as CAMERA
from raspi_agent.capture_loop import CaptureLoop
from raspi_agent.clock import ClockReading
from raspi_agent.lamp import turn_off
from raspi_agent.outbox import Outbox
from raspi_agent.power import ask_for
from raspi_agent.store import Store
from raspi_agent.tally import Tally
from raspi_agent.upload_loop import ACTIVITY as UPLOAD
from raspi_agent.upload_loop import HANGS_AFTER_S, UploadLoop
from raspi_agent.watchdog import Watchdog, notify

if TYPE_CHECKING:
    from raspi_agent.settings import AgentSettings
