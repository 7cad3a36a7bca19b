"""What all other tests wait with."""
import time

import pytest

from waiting import eventually, hold_for, looks, wait_for


def countdown(count, last):
    """False so many times, then `last`."""
    answers = iter([False] * count)
    return lambda: next(answers, last)


def test_a_wait_ends_with_what_it_is_for():
    assert wait_for(countdown(3, "value"), pause=0.001) == "value"
    assert eventually(countdown(3, "value"), pause=0.001) == "value"


def test_a_wait_for_what_does_not_come_fails_and_says_for_what():
    with pytest.raises(AssertionError, match="waited 0.05 s for a wonder"):
        wait_for(lambda: False, "a wonder", 0.05)
    with pytest.raises(AssertionError, match="it is 7"):
        wait_for(lambda: False, lambda: "it is 7", 0.05)
    assert eventually(lambda: [], 0.05) == []


def test_what_holds_is_watched_to_the_end():
    began, seen = time.monotonic(), []
    hold_for(0.1, lambda: seen.append(1) or True)
    assert time.monotonic() - began >= 0.1 and len(seen) > 2


def test_what_does_not_hold_fails_at_once():
    began = time.monotonic()
    with pytest.raises(AssertionError, match="not peace"):
        hold_for(60, countdown(0, False), "peace")
    assert time.monotonic() - began < 5


def test_the_last_look_is_when_time_is_up():
    passed = list(looks(0.05, 1.0))
    assert len(passed) == 2 and passed[0] < 0.05 <= passed[1] < 0.9
