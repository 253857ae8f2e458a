"""Rounds of trouble, from a seed to a report."""

import random
from pathlib import Path

from flows.playground.dropbox_emulator.server import DropboxEmulator
from flows.playground.fault_runs.household import Household, Report
from flows.playground.fault_runs.original import OriginalHousehold
from flows.playground.fault_runs.power import ForgetfulDisk
from flows.playground.fault_runs.rules import Rule


def run_rounds(
    rounds: int,
    seed: int,
    folder: Path,
    emulator: DropboxEmulator | None,
    *,
    without: Rule | None = None,
    original: bool = False,
) -> Report:
    """Play so many rounds over the emulator, or over a folder store when there is none.

    Args:
        rounds: how many, before the peace at the end.
        seed: the same seed makes the same trouble.
        folder: an empty folder, for the disks of camera and server.
        emulator: the Dropbox in between; the environment must lead to it.
        without: play without this rule.
        original: play by the logic of the scripts that SmartMeter replaces; they know Dropbox only.
    """
    chance = random.Random(seed)  # noqa: S311 - trouble needs no secrets
    with ForgetfulDisk(
        folder / "disk",
        chance,
        syncs_files=without is not Rule.SYNC_FILES,
        syncs_folders=without is not Rule.SYNC_FOLDERS,
    ) as disk:
        kind = OriginalHousehold if original else Household
        household = kind(disk, chance, emulator, without)
        for _ in range(rounds):
            household.live_through_a_round()
        household.end_in_peace()
    return household.report
