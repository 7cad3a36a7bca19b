"""Agents that are there, and whose large packets are not."""

import pytest

from mesh_report import agent, report
from server import FAIL_MESSAGE, success_message
from waiting import wait_for

LOST = {"requested": 3000, "delivered": 0, "lost_ms": 7000, "stage": "send"}
WELL = {"requested": 3000, "delivered": 3000, "lost_ms": None, "stage": ""}


def post(server, number, padding=WELL, padded_answer=WELL, **changes):
    body = report(number)
    body["mesh"] |= {"padding": padding, "padded_answer": padded_answer}
    assert server.post(body | changes).status == 200


def reason(what):
    return f"Connectivity check fails. Reason: large packets are lost, small ones are not: {what}; look up the payload"


@pytest.mark.parametrize("lost, what", [
    ({"padding": LOST}, "to the server from 1 agent"),
    ({"padded_answer": LOST | {"stage": "answer"}}, "from the server to 1 agent"),
    ({"padding": LOST, "padded_answer": LOST}, "both ways between the server and 1 agent"),
])
def test_names_who_loses_large_packets_and_which_way(server, lost, what):
    post(server, 1)
    post(server, 2, **lost)
    answer = server.check()
    assert answer.status == 400
    assert list(answer.json().items()) == [("Message", reason(what)), ("Absent", []), ("Outdated", []),
                                           ("Unpadded", [agent(2)])]
    post(server, 2)
    assert server.check().status == 200
    assert server.check().text == f'{{"Message":"{success_message(2)}","Absent":null,"Outdated":null}}'


def test_counts_each_direction_and_sorts_by_name(server):
    post(server, 3, padded_answer=LOST)
    post(server, 2, padding=LOST)
    post(server, 1, padding=LOST)
    found = server.check().json()
    assert found["Message"] == reason("to the server from 2 agents, from the server to 1 agent")
    assert found["Unpadded"] == [agent(1), agent(2), agent(3)]


def test_is_about_fresh_agents_alone(server):
    post(server, 1, padding=LOST)
    post(server, 2, padding=LOST, report_interval=1)
    wait_for(lambda: server.check().json()["Outdated"] == [agent(2)], "one is late")
    found = server.check().json()
    assert found["Unpadded"] == [agent(1)]
    assert found["Message"] == FAIL_MESSAGE.replace(
        "; look up", "; large packets are lost, small ones are not: to the server from 1 agent; look up")


def test_keeps_what_the_agent_says_in_the_record(server):
    post(server, 1, padding=LOST)
    assert server.get(f"/api/v1/agents/{agent(1)}").json()["mesh"]["padding"] == LOST
