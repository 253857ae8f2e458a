"""What the rules hold to, whatever is seen."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tasks.watching.faults import KINDS
from tests.tasks.watching.conftest import (
    CAMERA,
    FINE,
    GB,
    HOUR,
    METER,
    REGISTER,
    STORE,
    arrivals,
    found,
    nights,
    outcomes,
    pictures,
    reports,
)


@given(st.permutations(range(8)), st.integers(0, 7))
def test_the_order_of_cameras_changes_nothing(order: list[int], silent: int) -> None:
    cameras = [replace(CAMERA, camera=f"c{number}") for number in range(8)]
    cameras[silent] = replace(cameras[silent], taken_at=pictures(until=3 * HOUR))
    assert found(replace(FINE, cameras=tuple(cameras[place] for place in order))) == {f"silent:c{silent}"}


@given(
    free=st.integers(0, 20),
    waiting=st.integers(0, 150),
    hot=st.floats(20, 100),
    restarts=st.integers(7, 20),
    silent_min=st.integers(0, 300),
    used=st.floats(0, 2),
    unread=st.lists(st.booleans(), min_size=8, max_size=20),
    loads=st.lists(st.integers(0, 300), min_size=3, max_size=3),
    clocks=st.lists(st.sampled_from([True, False, None]), min_size=3, max_size=3),
)
def test_what_begins_a_fault_never_ends_it(  # noqa: PLR0917 - all that can vary
    free: int,
    waiting: int,
    hot: float,
    restarts: int,
    silent_min: int,
    used: float,
    unread: list[bool],
    loads: list[int],
    clocks: list[bool | None],
) -> None:
    """Whatever is seen: what is told when it is new is still a fault when it is told already."""
    camera = replace(
        CAMERA,
        taken_at=pictures(until=timedelta(minutes=silent_min)),
        arrivals=arrivals(*clocks),
        health=reports(disk_free_bytes=free * GB, waiting=waiting, temperature_c=hot, restarts=restarts),
    )
    meter = replace(
        METER,
        outcomes=outcomes(*("dark" if each else None for each in unread)),
        base_load=nights(100, *loads),
    )
    seen = replace(
        FINE,
        cameras=(camera,),
        registers=(meter,),
        store=replace(STORE, used_bytes=int(used * GB)),
        disk_free_bytes=free * 10 * GB,
    )
    begun = found(seen)
    assert begun <= found(seen, *begun)
    assert begun <= found(seen, *KINDS, *(f"{kind}:cellar" for kind in KINDS), f"unread:{REGISTER}")
