from pathlib import Path

from flows.playground.agent_day import SimulatedDay
from raspi_agent.ask import ask_for_picture
from raspi_agent.folder_store import FolderStore

MINUTES = 60


def test_every_slot_of_an_hour_is_in_the_store_once_whoever_asked(
    tmp_path: Path,
) -> None:
    shelf = tmp_path / "shelf"
    store = FolderStore(shelf, settle_s=0)

    def ask(minute: int) -> bool | None:
        if 10 <= minute < 25:  # Prefect is away
            return None
        return ask_for_picture(tmp_path, is_extra=False, timeout_s=30).error is None

    def each_minute(minute: int) -> None:
        if minute in {0, 45}:
            shelf.mkdir() if minute == 0 else (tmp_path / "gone").rename(shelf)
        elif minute == 30:
            shelf.rename(tmp_path / "gone")

    simulated = SimulatedDay(tmp_path, MINUTES, lambda: store, ask, each_minute)
    day = simulated.live(lambda: [store.fetch(each) for each in store.list().revisions])
    assert day.is_complete, day
    assert (day.runs, day.by_run, day.by_agent) == (45, 45, 15)
    assert simulated.outbox.waiting() == ()
