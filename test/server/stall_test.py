"""A server that did not run for a while knows that it has heard nobody, and accuses nobody."""

import signal

from server import payload
from waiting import hold_for, late, looks, wait_for

STALL = 5.0  # Seconds: more than twice the agents' interval.


def report(server):
    return all(server.post(payload(name, report_interval=1)).status == 200 for name in ("a", "b"))


def all_report(server):
    return server.check().status == 200


def missed(server):
    return sum(value for (name, _), value in server.metrics().items() if name == "ncagent_error_count_total")


def test_its_own_stall_is_nobodys_silence(launch):
    server = launch("-db", "", "-check-interval", 1)
    for _ in looks(2.0, 0.5):
        assert report(server)
    server.signal(signal.SIGSTOP)
    late(STALL)
    server.signal(signal.SIGCONT)
    hold_for(0.8, lambda: all_report(server), "all to report, before anybody could", pause=0.01)
    hold_for(2.0, lambda: report(server) and all_report(server), "all to report", pause=0.2)
    assert missed(server) == 0
    assert server.metric("meshcheck_server_stalls_total") == 1
    server.wait_log('event="the server did not run; who is silent is told after another report interval" ms=')
    wait_for(lambda: server.check().json()["Outdated"] == ["a", "b"], "who is silent now to be told")
    wait_for(lambda: missed(server) > 0, "their reports to be missed")
