"""How tests and benches wait. Their other Python does not sleep: tools/tidy.py sees to it."""

import math
import time

PATIENCE = 20.0  # Seconds; a condition that has not come true by then will not.
PAUSE = 0.02


def looks(seconds=math.inf, pause=PAUSE):
    """The seconds that have passed, time and again, the last time when time is up: for a loop that looks each time."""
    began = time.monotonic()
    while True:
        passed = time.monotonic() - began
        yield passed
        if passed >= seconds:
            return
        time.sleep(min(pause, max(0.0, began + seconds - time.monotonic())))


def eventually(condition, seconds=5.0, pause=PAUSE):
    """Polls until `condition()` is true and returns its value; the last value when time is up."""
    value = None
    for _ in looks(seconds, pause):
        value = condition()
        if value:
            break
    return value


def wait_for(condition, what="the condition", patience=PATIENCE, pause=PAUSE):
    """As `eventually`, but fails when time is up. `what` is text, or gives it then."""
    value = eventually(condition, patience, pause)
    assert value, f"waited {patience:g} s for {text_of(what)}"
    return value


def hold_for(seconds, condition, what="the condition", pause=PAUSE):
    """`condition()` has to be true all the time; fails the first time that it is not."""
    for passed in looks(seconds, pause):
        assert condition(), f"after {passed:.1f} of {seconds:g} s: not {text_of(what)}"


def late(seconds):
    """For a fake that takes its time: here the delay is what is made, and not a wait for something."""
    time.sleep(seconds)


def text_of(what):
    return what() if callable(what) else what
