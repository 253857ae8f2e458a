import threading
import time
from collections import Counter
from itertools import pairwise

import pytest

from raspi_agent.store import Revision, RevisionGone, StoreRefused, StoreUnavailable
from tasks.download import Downloaded, download

QUICK = (0.0, 0.0)


def revisions(count: int) -> list[Revision]:
    return [Revision(f"{number:03d}.jpg", "r", 1, "h") for number in range(count)]


def kept_keys(done: Downloaded[str]) -> list[str]:
    return sorted(done.kept)


@pytest.mark.parametrize("at_once", [1, 4])
def test_everything_arrives_once(at_once: int) -> None:
    asked: Counter[str] = Counter()

    def keep(revision: Revision) -> str:
        asked[revision.key] += 1
        return revision.key

    done = download(revisions(50), keep, at_once=at_once)
    assert kept_keys(done) == [revision.key for revision in revisions(50)]
    assert (set(asked.values()), done.left, done.stopped_by) == ({1}, [], None)


def test_several_are_on_their_way_at_once_and_no_more() -> None:
    together = threading.Barrier(4, timeout=10)
    underway, most = 0, 0
    lock = threading.Lock()

    def keep(revision: Revision) -> str:
        nonlocal underway, most
        with lock:
            underway += 1
            most = max(most, underway)
        together.wait()
        with lock:
            underway -= 1
        return revision.key

    download(revisions(8), keep, at_once=4)
    assert most == 4


def test_what_stumbles_twice_arrives_at_the_third_try() -> None:
    asked: Counter[str] = Counter()

    def keep(revision: Revision) -> str:
        asked[revision.key] += 1
        if asked[revision.key] < 3:
            raise StoreUnavailable("stumbled")
        return revision.key

    done = download(revisions(5), keep, at_once=2, waits_s=QUICK)
    assert len(done.kept) == 5


def test_one_that_never_comes_holds_up_nobody() -> None:
    def keep(revision: Revision) -> str:
        if revision.key == "000.jpg":
            raise StoreUnavailable("never")
        return revision.key

    done = download(revisions(20), keep, at_once=1, waits_s=QUICK)
    assert len(done.kept) == 19
    assert [revision.key for revision in done.left] == ["000.jpg"]
    assert done.stopped_by is None


def test_one_that_is_gone_is_passed_over() -> None:
    def keep(revision: Revision) -> str:
        if revision.key == "000.jpg":
            raise RevisionGone("gone")
        return revision.key

    done = download(revisions(3), keep, at_once=1, waits_s=QUICK)
    assert (kept_keys(done), done.left) == (["001.jpg", "002.jpg"], [])


def test_a_store_that_is_away_is_not_asked_for_everything() -> None:
    asked: Counter[str] = Counter()

    def keep(revision: Revision) -> str:
        asked[revision.key] += 1
        if revision.key < "010.jpg":
            return revision.key
        raise StoreUnavailable("away")

    done = download(revisions(64), keep, at_once=1, waits_s=QUICK)
    assert len(done.kept) == 10
    assert isinstance(done.stopped_by, StoreUnavailable)
    assert len(asked) == 18


@pytest.mark.parametrize(
    "error", [StoreRefused("no"), OSError("full"), StoreUnavailable("later", retry_after_s=300)]
)
def test_what_no_second_try_can_mend_is_not_tried_again(error: Exception) -> None:
    asked: Counter[str] = Counter()

    def keep(revision: Revision) -> str:
        asked[revision.key] += 1
        if revision.key == "002.jpg":
            raise error
        return revision.key

    done = download(revisions(9), keep, at_once=1, waits_s=QUICK)
    assert (kept_keys(done), done.stopped_by) == (["000.jpg", "001.jpg"], error)
    assert asked["002.jpg"] == 1


def test_a_store_that_asks_for_peace_gets_it_from_all() -> None:
    asked_at_s: list[float] = []
    lock = threading.Lock()

    def keep(revision: Revision) -> str:
        with lock:
            asked_at_s.append(time.monotonic())
            first = len(asked_at_s) == 1
        if first:
            raise StoreUnavailable("peace", retry_after_s=0.5)
        time.sleep(0.05)
        return revision.key

    done = download(revisions(12), keep, at_once=2, waits_s=QUICK)
    assert len(done.kept) == 12
    pause_s = max(later - earlier for earlier, later in pairwise(asked_at_s))
    assert pause_s >= 0.35
