"""The SLA: episodes in, availability out, downtimes between; with a real database."""

import resource
import signal
import sqlite3
import time

import pytest

from server import run
from waiting import wait_for

STEP = 300
DAY = 86400
JSON_TYPE = {"Content-Type": "application/json"}
SECOND = 1_000_000_000


def rfc3339(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def episode(start, probe="dns", group="synthetic", up=30, down=0, unknown=0, **more):
    return {"probeRef": {"group": group, "probe": probe}, "ts": rfc3339(start),
            "success": up * SECOND, "fail": down * SECOND, "unknown": unknown * SECOND,
            "nodata": (30 - up - down - unknown) * SECOND} | more


def tell(server, *episodes, origin="7d2d90cf", headers=None):
    body = {"origin": origin, "episodes": list(episodes)}
    return server.request("POST", "/downtime", body, headers=headers or JSON_TYPE)


def tell_stretch(server, start, end, **arguments):
    answer = tell(server, *[episode(at, **arguments) for at in range(start, end, 30)])
    assert (answer.status, answer.text) == (200, "{}")


def ask_range(server, start, end, step=STEP, probe="dns", **more):
    query = "&".join(f"{key}={value}" for key, value in
                     {"from": start, "to": end, "step": step, "group": "synthetic",
                      "probe": probe, **more}.items())
    answer = server.get(f"/api/status/range?{query}")
    assert answer.status == 200, answer
    return answer.json()


def summaries(answer, probe="dns"):
    return answer["statuses"]["synthetic"][probe]


def last_hour():
    """The start of the last complete hour but one, so that no test runs over its end."""
    return int(time.time()) // 3600 * 3600 - 7200


@pytest.fixture
def stored(launch):
    return launch()


def test_what_was_answered_is_there_after_kill_9(stored):
    start = last_hour()
    tell_stretch(stored, start, start + 3600, up=29, down=1)
    before = ask_range(stored, start, start + 3600)
    assert [step["down"] for step in summaries(before)] == [10 * SECOND] * 12 + [120 * SECOND]
    stored.kill()
    stored.start()
    assert ask_range(stored, start, start + 3600) == before
    # And after an orderly end, which writes the days.
    assert stored.stop() == 0
    stored.start()
    assert ask_range(stored, start, start + 3600) == before


def test_many_posts_at_once_are_all_there_after_kill_9(stored):
    start = last_hour()
    for index in range(40):
        assert tell(stored, *[episode(start + 30 * slot, probe=f"p{index}")
                              for slot in range(20)]).status == 200
    stored.kill()
    stored.start()
    answer = ask_range(stored, start, start + 600, probe="__all__")
    assert len(answer["statuses"]["synthetic"]) == 40
    for rows in answer["statuses"]["synthetic"].values():
        assert rows[-1]["up"] == 600 * SECOND


def test_the_best_of_two_agents_is_taken(server):
    start = last_hour()
    assert tell(server, episode(start, up=20, down=10), origin="a").status == 200
    assert tell(server, episode(start, up=25, down=5), origin="b").status == 200
    assert tell(server, episode(start, up=0, down=30), origin="c").status == 200
    step = summaries(ask_range(server, start, start + 300))[0]
    assert (step["up"], step["down"], step["nodata"]) == (25 * SECOND, 5 * SECOND, 270 * SECOND)


def test_the_range_is_upmeters(server):
    start = last_hour()
    tell_stretch(server, start, start + 600)
    answer = ask_range(server, start, start + 600)
    assert (answer["from"], answer["to"], answer["step"]) == (start, start + 600, 300)
    assert answer["episodes"] is None and answer["incidents"] == []
    first, second, total = summaries(answer)
    assert first["ts"] == start and first["slot_size"] == 300 * SECOND
    assert first["start"] == rfc3339(start) and first["end"] == rfc3339(start + 300)
    assert second["up"] == 300 * SECOND
    assert total["ts"] == -1 and total["slot_size"] == 0 and total["up"] == 600 * SECOND
    assert total["downtimes"] is None
    # A step of a day begins at midnight UTC.
    day = ask_range(server, start - DAY, start + DAY, step="1d")
    assert day["from"] % DAY == 0 and day["step"] == DAY


def test_totals_and_all_are_apart(server):
    start = last_hour()
    assert tell(server, episode(start), episode(start, probe="__total__")).status == 200
    assert list(ask_range(server, start, start + 300, probe="__all__")["statuses"]["synthetic"]) == ["dns"]
    assert "__total__" in ask_range(server, start, start + 300, probe="__total__")["statuses"]["synthetic"]
    assert ask_range(server, start, start + 300, probe="nobody")["statuses"] == {}
    probes = server.get("/api/probe")
    assert probes.json() == [{"group": "synthetic", "probe": "dns"}]
    assert probes.headers["access-control-allow-origin"] == "*"


def test_public_status_shows_who_has_data(server):
    now = int(time.time())
    slot = now // 30 * 30
    assert server.get("/public/api/status?peek=1").json() == {"status": "No Data", "rows": []}
    old = last_hour()
    tell_stretch(server, old, old + 30, probe="silent")
    tell_stretch(server, slot - 120, slot, probe="dns")
    tell_stretch(server, slot - 120, slot, probe="broken", up=0, down=30, group="other")
    shown = wait_for(lambda: server.get("/public/api/status?peek=1").json(), "an answer")
    rows = {row["group"]: row for row in shown["rows"]}
    assert rows["synthetic"]["status"] == "Operational"
    assert rows["synthetic"]["probes"] == [{"probe": "dns", "availability": 1.0,
                                            "status": "Operational"}]
    assert rows["other"]["status"] == "Outage"
    assert shown["status"] == "Degraded"
    assert server.get("/public/api/status").status == 200


@pytest.mark.parametrize("query, what", [
    ("group=synthetic&probe=dns&from=100&to=50", "from"),
    ("group=synthetic&probe=dns&from=x", "from"),
    ("group=synthetic&probe=dns&step=x", "step"),
    ("group=synthetic&probe=dns&from=0&to=300000000", "step"),
    ("probe=dns", "group"),
    ("group=synthetic", "probe"),
])
def test_a_bad_range_is_a_400_that_says_what(server, query, what):
    answer = server.get(f"/api/status/range?{query}")
    assert answer.status == 400 and what in answer.text


def test_bad_posts_are_refused(server):
    assert server.get("/downtime").status == 405
    assert tell(server, headers={"Content-Type": "text/plain"}).status == 400
    for body in ["", "[]", "{", '{"origin":"a"}', '{"origin":"a b","episodes":[]}',
                 '{"origin":"a","episodes":[{}]}', '{"origin":"a","episodes":[{"probeRef":7}]}']:
        assert server.request("POST", "/downtime", body, headers=JSON_TYPE).status == 400, body
    assert tell(server).status == 200
    # What does not fit is counted, and the rest is taken.
    now = int(time.time()) // 30 * 30
    assert tell(server, episode(now - 2 * DAY), episode(now + 600), episode(now - 59),
                episode(now - 60, up=31), episode(now - 60)).status == 200
    for outcome in ["too_old", "in_future", "not_aligned", "accepted"]:
        assert server.metric("meshcheck_sla_episodes_total", outcome=outcome) == 1, outcome


def test_an_agent_is_told_that_nothing_of_its_episodes_was_taken(server):
    now = int(time.time()) // 30 * 30
    answer = tell(server, episode(now + 600), episode(now + 630), episode(now - 2 * DAY))
    assert answer.status == 200
    assert answer.json() == {"refused": {"too_old": 1, "in_future": 2}}
    assert tell(server, episode(now + 600), episode(now - 60)).text == "{}", "the rest was taken"


def test_probes_are_bounded(launch):
    server = launch("-db", "", "-sla-probes-max", 3)
    start = last_hour()
    assert tell(server, *[episode(start, probe=f"p{i}") for i in range(10)]).status == 200
    assert len(server.get("/api/probe").json()) == 3
    assert server.metric("meshcheck_sla_episodes_total", outcome="too_many_probes") == 7


def test_metrics_count_checks_once_for_each_agent(server):
    start = last_hour()
    for origin in ["a", "b", "a"]:
        tell(server, episode(start, checks=6, successes=5), origin=origin)
    labels = {"group": "synthetic", "probe": "dns"}
    assert server.metric("meshcheck_sla_checks_total", **labels) == 12
    assert server.metric("meshcheck_sla_successes_total", **labels) == 10


def announce(server, **changes):
    start = last_hour()
    item = {"startDate": rfc3339(start), "endDate": start + 300, "type": "Maintenance",
            "description": "new disks", "affected": ["synthetic"]} | changes
    return server.request("POST", "/api/v1/downtimes", item, headers=JSON_TYPE)


def test_a_downtime_mutes_what_was_down_in_it_and_nothing_else(stored):
    start = last_hour()
    tell_stretch(stored, start, start + 600, up=20, down=10)
    made = announce(stored)
    assert made.status == 201
    uid = made.json()["uid"]
    steps = summaries(ask_range(stored, start, start + 600))
    assert (steps[0]["down"], steps[0]["muted"]) == (0, 100 * SECOND)
    assert (steps[1]["down"], steps[1]["muted"]) == (100 * SECOND, 0)
    assert steps[0]["downtimes"][0]["description"] == "new disks"
    one = summaries(ask_range(stored, start, start + 600, step=600))[0]
    assert (one["down"], one["muted"]) == (100 * SECOND, 100 * SECOND), "by time, not at large"
    unmuted = summaries(ask_range(stored, start, start + 600, muteDowntimeTypes="none"))
    assert unmuted[0]["down"] == 100 * SECOND
    # It outlives the process, and goes when it is told to.
    stored.kill()
    stored.start()
    assert [item["uid"] for item in stored.get("/api/v1/downtimes").json()["downtimes"]] == [uid]
    assert stored.request("DELETE", f"/api/v1/downtimes/{uid}").status == 204
    assert stored.request("DELETE", f"/api/v1/downtimes/{uid}").status == 404
    assert summaries(ask_range(stored, start, start + 600))[0]["down"] == 100 * SECOND


def test_a_downtime_can_be_put(server):
    start = last_hour()
    item = {"startDate": start, "endDate": start + 60, "type": "Accident"}
    for description in ["one", "two"]:
        answer = server.request("PUT", "/api/v1/downtimes/disks", item | {"description": description},
                                headers=JSON_TYPE)
        assert answer.status == 200 and answer.json()["uid"] == "disks"
    held = server.get("/api/v1/downtimes").json()["downtimes"]
    assert [(each["uid"], each["description"], each["source"]) for each in held] == [
        ("disks", "two", "api")]


@pytest.mark.parametrize("changes, what", [
    ({"type": "Holiday"}, "type"), ({"startDate": "soon"}, "startDate"),
    ({"endDate": 1}, "endDate"), ({"affected": "synthetic"}, "affected"),
    ({"affected": ["a/b/c"]}, "affected"), ({"description": 7}, "description"),
    ({"name": "a b"}, "name")])
def test_a_bad_downtime_is_a_400_that_says_what(server, changes, what):
    answer = announce(server, **changes)
    assert answer.status == 400 and what in answer.text
    assert server.request("POST", "/api/v1/downtimes", "[]", headers=JSON_TYPE).status == 400


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
@pytest.mark.parametrize("method, path", [("POST", "/api/v1/downtimes"), ("PUT", "/api/v1/downtimes/disks")])
def test_a_foreign_page_cannot_announce_a_downtime(server, method, path, kind):
    """A browser sends these types for any page, with what a port-forward lets in."""
    item = {"startDate": last_hour(), "endDate": last_hour() + 60, "type": "Accident"}
    answer = server.request(method, path, item, headers={"Content-Type": kind} if kind else {})
    assert answer.status == 415 and answer.text == "Content-Type: application/json is expected\n"
    assert server.get("/api/v1/downtimes").json()["downtimes"] == []
    charset = {"Content-Type": "application/json; charset=utf-8"}
    assert server.request(method, path, item, headers=charset).status in (200, 201)


def test_the_file_of_downtimes_is_followed(launch, tmp_path):
    start = last_hour()
    path = tmp_path / "downtimes.yaml"
    path.write_text(f"""
downtimes:
- startDate: {rfc3339(start)}
  endDate: "{start + 300}"
  type: Maintenance
  description: from a file
  affected: [synthetic]
- startDate: never
  endDate: {start}
  type: Maintenance
""")
    server = launch("-db", "", "-downtimes", path)
    both = server.get("/api/v1/downtimes").json()
    assert [item["description"] for item in both["downtimes"]] == ["from a file"]
    assert "startDate" in both["refused"][0]["reason"]
    assert server.metric("meshcheck_downtimes_refused", source="file") == 1
    path.write_text("downtimes: 7\n")
    server.wait_log("downtimes are not usable")
    assert len(server.get("/api/v1/downtimes").json()["downtimes"]) == 1
    path.write_text("downtimes: []\n")
    server.signal(signal.SIGHUP)
    wait_for(lambda: not server.get("/api/v1/downtimes").json()["downtimes"], "no downtimes")


def test_a_bad_file_of_downtimes_ends_the_start(tmp_path):
    (tmp_path / "bad.yaml").write_text("- 7\n")
    for name in ["bad.yaml", "none.yaml"]:
        ended = run("-db", "", "-endpoint", "127.0.0.1:0", "-downtimes", tmp_path / name)
        assert ended.returncode == 1 and "-downtimes" in ended.stderr


def test_sla_says_states_downtimes_and_the_budget(stored):
    start = last_hour()
    tell_stretch(stored, start, start + 300, up=20, down=10)
    tell_stretch(stored, start + 300, start + 600)
    tell_stretch(stored, start + 600, start + 900, up=0, down=30)
    uid = announce(stored).json()["uid"]
    answer = stored.get(f"/api/v1/sla?from={start}&to={start + 1200}&step=5m")
    assert answer.status == 200
    series = answer.json()["series"][0]
    assert [step["state"] for step in series["steps"]] == ["was_maintenance", "up", "down", "no_data"]
    assert series["steps"][0]["downtime"] == uid
    assert series["steps"][2]["verdicts"] == []
    assert series["steps"][3]["availability_percent"] is None
    budget = series["total"]["budget"]
    assert budget == {"allowed_ms": 900, "used_ms": 300_000, "left_ms": -299_100}
    kept = stored.get(f"/api/v1/sla?from={start}&to={start + 300}&step=5m&mute=none&target=0.5").json()
    assert kept["series"][0]["steps"][0]["state"] == "down_without_sla_breach"
    assert stored.get("/api/v1/sla?nonsense=1").status == 400


def test_sla_is_also_csv(server):
    start = last_hour()
    tell_stretch(server, start, start + 300, up=29, unknown=1)
    answer = server.get(f"/api/v1/sla?from={start}&to={start + 300}&step=300&format=csv")
    head, row, rest = answer.text.split("\r\n")
    assert rest == "" and "\n" not in head + row, "RFC 4180, as all CSV"
    assert answer.type.startswith("text/csv")
    assert head.startswith("group,probe,start,end,up_ms,down_ms")
    assert row == (f"synthetic,dns,{rfc3339(start)},{rfc3339(start + 300)},290000,0,10000,0,0,"
                   "100.0000,up,")


def test_reports_need_a_token_and_so_do_episodes(launch, tmp_path):
    token = tmp_path / "token"
    token.write_text("secret-of-agents")
    server = launch("-db", "", "-report-auth", "token", "-report-token-file", token)
    start = last_hour()
    assert tell(server, episode(start)).status == 401
    allowed = JSON_TYPE | {"Authorization": "Bearer secret-of-agents"}
    assert tell(server, episode(start), headers=allowed).status == 200
    assert announce(server).status == 403, "who may not delete an agent may not announce either"
    assert server.request("DELETE", "/api/v1/downtimes/x").status == 403
    assert server.request("DELETE", "/api/v1/sla/probes/synthetic/dns").status == 403


def test_older_days_come_from_the_database(stored):
    """Days that memory does not hold any more: written by hand, as a year's worth would be."""
    start = last_hour()
    tell_stretch(stored, start, start + 300)
    assert stored.stop() == 0
    today = int(time.time()) // DAY
    run_of = bytes([0xa0, 0x02, 0xe0, 0xa7, 0x12, 0x00, 0x00])  # 288 times 300,000 ms up.
    with sqlite3.connect(stored.database) as database:
        probe = database.execute("SELECT id FROM sla_probe").fetchone()[0]
        database.executemany("INSERT INTO sla_day VALUES (?, ?, 86400000, 0, 0, ?)",
                             [(probe, today - age, run_of) for age in range(3, 40)])
    database.close()
    stored.start()
    month = ask_range(stored, (today - 39) * DAY, (today - 2) * DAY, step="1d")
    assert [step["up"] for step in summaries(month)[:-1]] == [DAY * SECOND] * 37
    hours = ask_range(stored, (today - 5) * DAY, (today - 4) * DAY, step="1h")
    assert [step["up"] for step in summaries(hours)[:-1]] == [3600 * SECOND] * 24


def test_too_many_days_at_once_are_a_400_that_says_so(stored):
    tell_stretch(stored, last_hour(), last_hour() + 30)
    assert stored.stop() == 0
    with sqlite3.connect(stored.database) as database:
        for probe in range(60):
            database.execute("INSERT INTO sla_probe (id, group_name, probe_name) VALUES (?, 'many', ?)", (1000 + probe, f"p{probe}"))
        database.execute("WITH RECURSIVE day(number) AS (SELECT 0 UNION ALL SELECT number + 1 FROM "
                         "day WHERE number < 3599) INSERT INTO sla_day SELECT id, number, 0, 0, 0, "
                         "x'a002000000' FROM day JOIN sla_probe WHERE group_name = 'many'")
    database.close()
    stored.start()
    question = f"/api/v1/sla?group=many&from=0&to={3600 * DAY}"
    answer = stored.get(f"{question}&step=3600d")
    assert answer.status == 400, "60 probes of 3,600 days"
    assert "from, to: more than 200000 days" in answer.text
    answer = stored.get(f"{question}&step=3601h")
    assert answer.status == 400
    assert "step: more than 20000 days" in answer.text


def test_a_full_disk_is_a_503_and_the_agent_keeps_its_spool(stored):
    start = last_hour()
    tell_stretch(stored, start, start + 30)
    size = stored.database.with_name("meshcheck.db-wal").stat().st_size
    limits = resource.prlimit(stored.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(stored.process.pid, resource.RLIMIT_FSIZE, (size, limits[1]))
    assert tell(stored, episode(start + 30)).status == 503
    assert stored.metric("meshcheck_sla_writes_failed_total") >= 1
    resource.prlimit(stored.process.pid, resource.RLIMIT_FSIZE, limits)
    assert tell(stored, episode(start + 30)).status == 200
    stored.kill()
    stored.start()
    assert summaries(ask_range(stored, start, start + 300))[0]["up"] == 60 * SECOND
