"""The rows of the verdict matrix that matter most give the verdicts that they must, and the runner knows right from wrong."""

import pytest

from mesh import NOT_BUILT, SERVER
from verdict_matrix import PASSES_WITHIN, Trial, parse, run_matrix
from verdict_rows import (PAIRS, SINGLES, bind, dns, fragments, gateway, node_down, one_way, pod_network, port, row,
                          server, title)

built = pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT)
ROWS = [bind(wanted, [3, 5, 7, 8, 1, 2, 4, 6]) for wanted in SINGLES + PAIRS]
NOBODY = {"id": 99, "kind": "twin_path", "subject": "node-1", "layer": "both", "way": "both", "severity": "warning", "sentence": "..."}


def answer(trial):
    """What a server says that is always right."""
    return [{"id": number, "sentence": "...", **claim._asdict(), "way": claim.way or "unknown"}
            for number, claim in enumerate(trial.row.claims)]


def finished(trial, seconds=9.0):
    trial.look([], seconds, undone=True)
    return trial


def test_there_are_enough_rows_of_each_sort():
    assert len(SINGLES) >= 40 and len(PAIRS) >= 28
    assert sum(len(wanted.lines) == 3 for wanted in PAIRS) >= 3
    assert len({title(wanted) for wanted in ROWS}) == len(ROWS)


@pytest.mark.parametrize("bound", ROWS, ids=title)
def test_what_is_right_is_accepted(bound):
    trial = Trial(bound)
    for seconds in (bound.within - 1, bound.within + 20):
        trial.look(answer(trial), seconds)
    trial.end()
    assert list(finished(trial).wrong()) == []


@pytest.mark.parametrize("bound", ROWS, ids=title)
def test_what_is_not_right_is_not(bound):
    right = answer(Trial(bound))
    for number, entry in enumerate(right):
        for key in ("kind", "subject", "layer", "severity"):
            trial = Trial(bound)
            for seconds in (1.0, 2.0 + PASSES_WITHIN):
                trial.look([*right[:number], {**entry, key: "host_link" if key != "severity" else "other"}, *right[number + 1:]], seconds)
            trial.end()
            assert len(list(finished(trial).wrong())) >= 2
        late = Trial(bound)
        late.look(right, bound.within + 1)
        late.end()
        assert not finished(late).ok()
    trial = Trial(bound)
    for seconds in (1.0, 2.0 + PASSES_WITHIN):
        trial.look([*right, NOBODY], seconds)
    trial.end()
    assert len(list(finished(trial).wrong())) == 1


def test_what_passes_at_once_is_told_and_no_failure():
    trial = Trial(bind(row(node_down()), [3]))
    trial.look([NOBODY], 1.0)
    trial.look(answer(trial), 2.0)
    trial.end()
    assert finished(trial).ok() and [claim.kind for _, claim, _ in trial.passing()] == ["twin_path"]


def test_a_verdict_that_opens_while_all_recovers_is_a_failure():
    trial = Trial(bind(row(node_down()), [3]))
    trial.look(answer(trial), 2.0)
    trial.end()
    for seconds in (1.0, 2.0 + PASSES_WITHIN):
        trial.look([NOBODY], seconds, undone=True)
    assert not finished(trial).ok()


def test_a_verdict_that_stays_is_a_failure():
    trial = Trial(bind(row(node_down()), [3]))
    trial.look(answer(trial), 2.0)
    trial.end()
    trial.look(answer(trial), 1.0, undone=True)
    assert not trial.ok()
    assert not finished(trial, trial.row.closed + 1).ok()


@built
def test_the_faults_that_matter_most_give_exactly_their_verdicts():
    # The longest first.
    singles = [port(), fragments(), node_down(), pod_network(), gateway(), server("{a}"), one_way("pod"), dns()]
    orderly = [wanted for wanted in SINGLES if wanted.lines in (("restart-server",), ("restart {all}",))]
    rows = [*map(row, singles), *orderly, row(pod_network(), port("{b}"))]
    assert run_matrix(rows, parse(["--quick"])), "the table above has rows that failed"
