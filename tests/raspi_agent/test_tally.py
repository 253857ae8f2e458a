import threading

from raspi_agent.tally import Hour, Tally


def test_an_hour_counts_what_happened_in_it() -> None:
    tally = Tally()
    tally.taken(1.23456)
    tally.taken(2.0)
    tally.missed()
    tally.camera_failed()
    tally.light_failed()
    tally.uploaded(0.5, 2)
    tally.upload_failed()
    expected = Hour(
        taken=2,
        missed=1,
        camera_errors=1,
        light_errors=1,
        uploaded=2,
        upload_errors=1,
        capture_s=(1.235, 2.0),
        upload_s=(0.5,),
    )
    assert tally.hour() == expected
    assert tally.close_hour() == expected
    assert expected.due == 4
    assert tally.close_hour() == Hour()
    tally.taken(1)
    assert tally.since_start()["taken"] == 3


def test_a_picture_every_second_does_not_make_a_report_long() -> None:
    tally = Tally()
    for number in range(3600):
        tally.taken(number)
    hour = tally.hour()
    assert (hour.taken, len(hour.capture_s), hour.capture_s[-1]) == (3600, 120, 3599)


def test_threads_lose_no_count() -> None:
    tally = Tally()

    def upload() -> None:
        for _ in range(500):
            tally.uploaded(0.1, 2)

    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.close_hour().uploaded == 4000
