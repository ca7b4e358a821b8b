"""The gateway's time: from the database, carried on by a clock nobody can set."""

from datetime import UTC, datetime, timedelta

from gateway.clock import Clock, StoryClock

STORY = datetime(2021, 2, 2, 6, 56, tzinfo=UTC)


def test_time_is_the_databases_once_it_was_asked() -> None:
    clock = Clock()
    clock.start_at(STORY)

    assert timedelta() <= clock.now() - STORY < timedelta(seconds=10)


def test_a_clock_that_is_behind_follows_and_tells_by_how_much() -> None:
    clock = Clock()
    clock.start_at(STORY)
    drift_s = clock.follow(STORY + timedelta(seconds=100))

    assert 90 < drift_s <= 100
    assert clock.now() >= STORY + timedelta(seconds=100)


def test_time_never_goes_back() -> None:
    clock = Clock()
    clock.start_at(STORY)
    drift_s = clock.follow(STORY - timedelta(hours=1))

    assert drift_s < -3590
    assert clock.now() >= STORY


def test_a_story_can_be_moved_forward_and_never_back() -> None:
    clock = StoryClock(STORY)
    clock.start_at(datetime(2026, 1, 1, tzinfo=UTC))
    clock.follow(datetime(2026, 1, 1, tzinfo=UTC))
    clock.forward_to(STORY + timedelta(minutes=44))
    clock.forward_to(STORY)

    assert timedelta(minutes=44) <= clock.now() - STORY < timedelta(minutes=45)
