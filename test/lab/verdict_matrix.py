"""The verdict matrix: what is done to the lab, alone and together, and the verdicts that it must give.

    MESHCHECK_BUILD=build/dev /usr/bin/python3 test/lab/verdict_matrix.py [--single | --pairs] [--only TEXT] [--labs N]

Each row is done to a mesh of eight dual-stack nodes that has been well for a minute, and is ok if exactly the expected
verdicts above info open in time, stay alone until it is undone, and close; and if nothing else opens until the mesh has
been well for a minute again. What is expected follows from the network: see doc/internals/lab.md.
"""

import argparse
import collections
import json
import pathlib
import queue
import signal
import sys
import tempfile
import threading
import time

from asker import Asker
from lab import Lab, LabError, usable
from mesh import NOT_BUILT, PROGRAMS, SERVER, Mesh
from proposed_commands import failing_commands
from verdict_rows import DNS_NAME, PAIRS, SINGLES, Fault, bind, claim_of, describe, matches, row, title
from waiting import looks

NODES = 8
LABS = 4                 # More fill the one table of IPv6 neighbours that all of a kernel share.
POLL = 0.25              # Seconds, as all that follows.
PASSES_WITHIN = 2.0      # A verdict that becomes the right one, or makes room for it, so soon is told and no failure.
LATE_FACTOR = 3          # So many times its limit a verdict is waited for, to tell late from never.
HOLD = 20.0              # So long after it was found it has to be as it was found.
WELL_WITHIN = 150.0
TRIES_MAX = 3            # To begin, and of a row that fails while agents do not get to run: then it says little.
CHANCE = 0.02            # So many paths may have lost something by chance in a mesh that is well.
SILENT_AFTER = 2         # Intervals without a report; the limits are for a report each second.
QUICK_HOLD = 8.0         # The same in the quick mode, and after all is closed.
SNAPSHOTS_MAX = 4        # Of a row.
SERVER_ADDRESS = "10.200.0.253:8081"


# ---- what was seen

class Trial:
    """A row that was done to certain nodes, and what the server said."""

    def __init__(self, bound):
        self.row = bound
        self.found = {}          # By the place of the claim in the row: after how many seconds.
        self.open = {}           # The claims that are open, by the verdict's id.
        self.closed_after = None  # Since it was undone; nothing while any is open.
        self.starved = set()     # Agents that said so: then the row says little.
        self.strange = {}        # By id and claim: from and until when, whether it is over in time, and its sentence.
        self.left = []           # What is strange and there at the end.
        self.complaints = []
        self.snapshots = 0

    def look(self, verdicts, seconds, undone=False):
        """One look; seconds are since all was done, or undone."""
        self.open = {entry["id"]: claim_of(entry) for entry in verdicts if entry["severity"] != "info"}
        self.starved |= {entry["subject"] for entry in verdicts if entry["kind"] == "agent_starved"}
        for claim in self.open.values():
            place = self.place_of(claim)
            if place is not None and not undone:
                self.found.setdefault(place, seconds)
        for entry in verdicts:
            claim = claim_of(entry)
            if claim.severity != "info" and self.place_of(claim) is None:
                began, _, _ = self.strange.get((entry["id"], claim, undone), (seconds, None, None))
                self.strange[entry["id"], claim, undone] = (began, seconds, entry["sentence"])
        if undone:
            self.closed_after = None if self.open else (self.closed_after or seconds)

    def place_of(self, claim):
        return next((place for place, wanted in enumerate(self.row.claims) if matches(wanted, claim)), None)

    def is_found(self):
        return len(self.found) == len(self.row.claims)

    def end(self):
        """Before it is undone: what is there has to be all that is expected."""
        self.left = [item for item in self.open.items() if self.place_of(item[1]) is None]
        there = {self.place_of(claim) for claim in self.open.values()}
        self.complaints += [f"not there at the end: {describe(claim)}" for place, claim in enumerate(self.row.claims) if place not in there]

    def detected(self):
        """When the last of what is expected was there; nothing if not all was."""
        return max(self.found.values(), default=0.0) if self.is_found() else None

    def passing(self):
        """What was there on the way to what is right, or back."""
        short = [key for key, (began, until, _) in self.strange.items()
                 if until - began < PASSES_WITHIN or any(matches(wanted, key[1]) for wanted in self.row.allowed)]
        return [key for key in short if key[0] not in self.open and key[:2] not in self.left]

    def wrong(self):
        passing = set(self.passing())
        for (number, claim, undone), (began, until, sentence) in self.strange.items():
            if (number, claim, undone) not in passing:
                when = "after it was undone" if undone else "after it was done"
                yield f"{describe(claim)}, from {began:.1f} to {until:.1f} s {when}: {sentence}"
        yield from self.complaints
        for place, claim in enumerate(self.row.claims):
            if place not in self.found:
                yield f"never found: {describe(claim)}"
            elif self.found[place] > self.row.within:
                yield f"late, after {self.found[place]:.1f} s: {describe(claim)}"
        if self.closed_after is None:
            yield from (f"never closed: {describe(claim)}" for claim in self.open.values())
        elif self.closed_after > self.row.closed:
            yield f"closed late, after {self.closed_after:.1f} s"

    def ok(self):
        return not any(self.wrong())


# ---- the runner

class Watch:
    """Asks the server of one lab: nothing is told while nobody answers."""

    def __init__(self, lab):
        self.get = Asker(lab).json

    def verdicts(self):
        answer = self.get("/api/v1/verdicts")
        return None if answer is None else answer["verdicts"]

    def unwell(self, whole_minute):
        """Why the mesh is not well yet, or nothing. whole_minute: nothing was lost within the last minute, which is what
        agents say anything of, but by chance."""
        answer, sizes = self.get("/api/v1/mesh"), self.get("/api/v1/mtu")
        if answer is None or sizes is None:
            return "nobody answers"
        paths = answer["paths"]
        wanted = 2 * NODES * NODES * 2 + 2 * NODES * 2 + 2 * NODES   # Between agents; gateways; names.
        bad = [path for path in paths if path["state"] != "up" or path["relation"] != "target" and path["sent"] < (50 if whole_minute else 3)]
        lossy = [path for path in paths if path["lost"] and whole_minute]
        unclear = [path for path in sizes["paths"] for way in ("forward", "backward") if path[way]["class"] != "clear"]
        if len(paths) < wanted or bad or unclear or len(lossy) > CHANCE * wanted:
            return f"{len(paths)} of {wanted} paths, of them {len(bad)} not up, {len(lossy)} lossy, {len(unclear)} not clear"
        return None


class Bench:
    """A lab with a mesh on it, to which one row after the other is done, each at other nodes than the last ones: what
    comes back to the same node within two minutes is the same verdict."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.lab = self.mesh = self.watch = None
        self.offset = 0

    def run(self, rows, done):
        """Until there is no row left. After a row that leaves something behind, and after each in the quick mode, all is
        made anew."""
        failures = 0
        while not rows.empty():
            with Lab(nodes=NODES, ipv6=True) as self.lab, tempfile.TemporaryDirectory(dir=self.folder) as folder:
                try:
                    place, wanted = rows.get_nowait()
                except queue.Empty:
                    return
                reason = self.set_up(wanted, pathlib.Path(folder))
                failures = failures + 1 if reason else 0
                if failures == TRIES_MAX:
                    raise LabError(f"at the start {reason}")
                if reason:
                    rows.put((place, wanted))
                    continue
                while self.run_row(place, wanted, done):
                    try:
                        place, wanted = rows.get_nowait()
                    except queue.Empty:
                        return

    def run_row(self, place, wanted, done):
        """Whether the mesh may be used again."""
        wanted = bind(wanted, self.take_nodes(wanted))
        if any(claim.kind == "server_unreachable" for claim in wanted.claims):
            wanted = wanted._replace(within=wanted.within + SILENT_AFTER * (self.options.interval - 1))
        trial = Trial(wanted)
        clean = self.try_row(trial)
        done(place, trial)
        return clean and not self.options.quick

    def set_up(self, first, folder):
        """Why no row can be done to it, or nothing."""
        report_to = {} if first.by_name else {"report_to": SERVER_ADDRESS}
        self.mesh = Mesh(self.lab, folder, ["-dns", DNS_NAME], report_interval=self.options.interval, **report_to)
        self.watch = Watch(self.lab)
        loss_matters = any(line.startswith("loss") for line in first.lines)
        return self.wait_until_well(Trial(row(Fault(()))), not self.options.quick or loss_matters)

    def take_nodes(self, wanted):
        used = sum(any(f"{{{letter}}}" in line for line in wanted.lines) for letter in "abcd")
        nodes = [(self.offset + step) % NODES + 1 for step in range(NODES)]
        self.offset += used
        return nodes

    def try_row(self, trial):
        """Whether all is as before then."""
        for line in trial.row.lines:
            self.do(*line.split())
        began = time.monotonic()
        hold = QUICK_HOLD if self.options.quick else HOLD
        late, found_at = trial.row.within * LATE_FACTOR, None
        for _ in looks(pause=POLL):
            seconds = self.look(trial, began)
            if found_at is None and trial.is_found():
                found_at = seconds if trial.row.claims else trial.row.within
                late = found_at + hold
            if seconds > late:
                break
        trial.end()
        told = [entry for entry in self.watch.verdicts() or [] if trial.place_of(claim_of(entry)) is not None]
        trial.complaints += failing_commands(self.lab, told)
        if trial.complaints:
            self.keep_evidence(trial)
        for line in trial.row.lines:
            self.undo(*line.split())
        self.lab.heal()
        began = time.monotonic()
        for _ in looks(2 * trial.row.closed, POLL):
            self.look(trial, began, undone=True)
            if trial.closed_after is not None:
                break
        if self.options.quick:
            for _ in looks(hold, POLL):
                self.look(trial, began, undone=True)
            return False
        reason = self.wait_until_well(trial, True, began)
        if reason:
            trial.complaints.append(f"not well again: {reason}")
        return reason is None and trial.closed_after is not None

    def look(self, trial, began, undone=False):
        verdicts = self.watch.verdicts()
        seconds = time.monotonic() - began
        if verdicts is not None:
            known = len(trial.strange)
            trial.look(verdicts, seconds, undone)
            if len(trial.strange) > known:
                self.keep_evidence(trial)
        return seconds

    def wait_until_well(self, trial, whole_minute, began=None):
        """The reason if it does not get well. Verdicts are watched meanwhile."""
        began = began or time.monotonic()
        next_look, reason = time.monotonic() + (2.0 if not whole_minute else 10.0), "not looked at"
        for _ in looks(began + WELL_WITHIN - time.monotonic(), POLL):
            self.look(trial, began, undone=True)
            if time.monotonic() >= next_look:
                reason = self.watch.unwell(whole_minute)
                if reason is None and not trial.open:
                    return None
                next_look = time.monotonic() + 3.0
        return reason or f"still open: {[describe(claim) for claim in trial.open.values()]}"

    def keep_evidence(self, trial):
        """What the server knows at this moment."""
        if self.options.evidence is None or trial.snapshots >= SNAPSHOTS_MAX:
            return
        trial.snapshots += 1
        name = " ".join(trial.row.lines).replace(" ", "_")[:60]
        (self.options.evidence / f"{name}-{trial.snapshots}.json").write_text(json.dumps(
            {what: self.watch.get(f"/api/v1/{what}") for what in ("verdicts?since=2m", "mesh", "mtu")}))

    def agents(self, arguments):
        """Node and layer: those of "2 pod"; both of each node of "2 3"."""
        if arguments[-1] in PROGRAMS:
            return [(int(arguments[0]), arguments[1])]
        return [(int(node), layer) for node in arguments for layer in PROGRAMS]

    def do(self, kind, *arguments):
        match kind:
            case "restart-server":
                self.mesh.restart_server()
            case "restart":
                for node, layer in self.agents(arguments):
                    self.mesh.stop_agent(node, layer)
                    self.mesh.start_agent(node, layer)
            case "kill" | "drain":
                for node, layer in self.agents(arguments):
                    self.mesh.stop_agent(node, layer, signal.SIGKILL if kind == "kill" else signal.SIGTERM)
            case "freeze":
                self.mesh.freeze_agent(int(arguments[0]), arguments[1])
            case _:
                self.lab.fault(kind, *arguments)

    def undo(self, kind, *arguments):
        match kind:
            case "kill" | "drain":
                for node, layer in self.agents(arguments):
                    self.mesh.start_agent(node, layer)
            case "freeze":
                self.mesh.freeze_agent(int(arguments[0]), arguments[1], signal.SIGCONT)


class Matrix:
    """All rows, on several labs side by side: they cost time, and each a fifth of a processor."""

    def __init__(self, rows, options, folder):
        self.rows, self.options, self.folder = rows, options, folder
        self.trials = {}     # By the row's place: the last.
        self.tries = collections.Counter()
        self.failures = []

    def run(self):
        queues = collections.defaultdict(queue.Queue)
        for place, wanted in enumerate(self.rows):
            queues[wanted.by_name].put((place, wanted))
        for waiting in queues.values():
            benches = [Bench(self.folder, self.options) for _ in range(min(self.options.labs, waiting.qsize()))]
            threads = [threading.Thread(target=self._work, args=(bench, waiting)) for bench in benches]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _work(self, bench, waiting):
        try:
            bench.run(waiting, lambda place, trial: self._done(waiting, place, trial))
        except Exception as error:   # A thread's end is nobody's otherwise.
            self.failures.append(f"lab {bench.lab.name}: {error!r}")

    def _done(self, waiting, place, trial):
        self.trials[place] = trial
        self.tries[place] += 1
        if not trial.ok() and trial.starved and self.tries[place] < TRIES_MAX:
            waiting.put((place, self.rows[place]))
        result = "ok" if trial.ok() else "\n  ".join(["FAILED", *trial.wrong()])
        print(f"{title(trial.row)}: {result}", file=sys.stderr, flush=True)

    def ok(self):
        return not self.failures and len(self.trials) == len(self.rows) and all(trial.ok() for trial in self.trials.values())

    def table(self):
        lines = [("", "what is done", "verdicts", "found s", "limit", "closed s", "passing", "starved", "tries", "")]
        for place, trial in sorted(self.trials.items()):
            passing = sorted({f"{claim.kind} {claim.subject}" for _, claim, _ in trial.passing()})
            lines.append((len(lines), title(trial.row), "; ".join(map(brief, trial.row.claims)) or "none",
                          rounded(trial.detected()) if trial.row.claims else "-", rounded(trial.row.within),
                          rounded(trial.closed_after) if trial.row.claims else "-", ", ".join(passing), len(trial.starved) or "", self.tries[place],
                          "ok" if trial.ok() else "FAILED"))
        widths = [max(len(str(line[column])) for line in lines) for column in range(len(lines[0]))]
        yield from ("  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)
        yield ""
        for _, trial in sorted(self.trials.items()):
            if not trial.ok():
                yield f"{title(trial.row)}:"
                yield from (f"  {text}" for text in trial.wrong())
        yield from self.failures
        yield from (f"not run: {title(wanted)}" for place, wanted in enumerate(self.rows) if place not in self.trials)


def brief(claim):
    return f"{claim.kind} {claim.subject}" + (f" ({claim.layer})" if claim.layer != "both" else "")


def rounded(value):
    return "never" if value is None else f"{value:.1f}"


def run_matrix(rows, options):
    """Runs and prints the rows; true if every one is ok."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="verdict-matrix-") as folder:
        matrix = Matrix(rows, options, pathlib.Path(folder))
        matrix.run()
    print("\n".join(matrix.table()))
    print(f"{sum(trial.ok() for trial in matrix.trials.values())} of {len(rows)} rows ok, in {time.monotonic() - began:.0f} s")
    return matrix.ok()


def parse(arguments=None):
    parser = argparse.ArgumentParser(description="Runs the verdict matrix.")
    parser.add_argument("--labs", type=int, default=LABS, help="so many side by side")
    parser.add_argument("--only", default="", help="rows that have this in their names")
    parser.add_argument("--single", action="store_true", help="no row of several faults")
    parser.add_argument("--pairs", action="store_true", help="only rows of several faults")
    parser.add_argument("--interval", type=int, default=1, help="seconds between the agents' reports")
    parser.add_argument("--quick", action="store_true", help="each row on a mesh that has just begun, and held for a few seconds")
    parser.add_argument("--evidence", type=pathlib.Path, help="a folder for what the server said in rows that failed")
    return parser.parse_args(arguments)


def main():
    options = parse()
    reason = usable() or (None if SERVER.is_file() else NOT_BUILT)
    if reason:
        sys.exit(f"verdict_matrix: {reason}")
    rows = ([] if options.pairs else SINGLES) + ([] if options.single else PAIRS)
    sys.exit(0 if run_matrix([wanted for wanted in rows if options.only in title(wanted)], options) else 1)


if __name__ == "__main__":
    main()
