"""Probes of the SLA that nobody checks any more: forgotten on demand."""

import sqlite3

from sla_test import episode, last_hour, stored, tell, tell_stretch  # noqa: F401


def delete_probe(server, probe="dns", group="synthetic"):
    return server.request("DELETE", f"/api/v1/sla/probes/{group}/{probe}")


def test_a_probe_can_be_deleted_and_leaves_room(launch):
    server = launch("-sla-probes-max", 2)
    start = last_hour()
    tell(server, episode(start), episode(start, probe="http"), episode(start, probe="more"))
    assert len(server.get("/api/probe").json()) == 2
    assert delete_probe(server).status == 204
    assert [ref["probe"] for ref in server.get("/api/probe").json()] == ["http"]
    assert server.metric("meshcheck_sla_up", group="synthetic", probe="dns") is None
    assert server.metric("meshcheck_sla_probes") == 1
    server.wait_log('event="probe of the SLA deleted" group=synthetic probe=dns')
    answer = delete_probe(server)
    assert (answer.status, answer.text) == (404, "There is no such probe.\n")
    assert delete_probe(server, probe="x%20y").status == 400
    tell(server, episode(start, probe="more"))
    server.kill()
    server.start()
    assert [ref["probe"] for ref in server.get("/api/probe").json()] == ["http", "more"]


def test_a_probe_of_the_past_can_be_deleted_from_the_database(stored):
    tell_stretch(stored, last_hour(), last_hour() + 30)
    assert stored.stop() == 0
    with sqlite3.connect(stored.database) as database:
        database.execute("INSERT INTO sla_probe (id, group_name, probe_name) VALUES (77, 'old', 'p')")
        database.execute("INSERT INTO sla_day VALUES (77, 19000, 0, 0, 0, x'a002000000')")
    database.close()
    stored.start()
    assert delete_probe(stored, "p", "old").status == 204
    assert delete_probe(stored, "p", "old").status == 404
    with sqlite3.connect(stored.database) as database:
        assert database.execute("SELECT count(*) FROM sla_day WHERE probe = 77").fetchone() == (0,)
    database.close()


def test_a_probe_can_be_deleted_without_a_database(server):
    tell(server, episode(last_hour()))
    assert delete_probe(server).status == 204
    assert delete_probe(server).status == 404
    assert server.get("/api/probe").json() == []
