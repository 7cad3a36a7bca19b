"""The database's file while the server runs: deleted, or another one in its place."""

import pathlib

from waiting import wait_for


def test_writes_a_deleted_database_anew(launch):
    server = launch()
    server.post("before")
    wait_for(lambda: server.metric("meshcheck_store_rows_written_total") >= 2, "it is written")
    for end in ("", "-wal", "-shm", ".lock"):
        pathlib.Path(f"{server.database}{end}").unlink()
    server.post("after")
    server.wait_log('level=error event="the database had been deleted, and was written anew"')
    assert server.metric("meshcheck_store_written_anew_total") == 1
    assert server.get("/readyz").text == "ok\n"
    assert server.stop() == 0
    server.start()
    assert sorted(server.agents()) == ["after", "before"], "all that it had and what came later"


def test_says_that_another_database_was_put_in_the_place_of_its_own(launch):
    server = launch()
    server.post("a")
    wait_for(lambda: server.metric("meshcheck_store_rows_written_total") >= 2, "it is written")
    other = server.directory / "other"
    other.write_bytes(b"a backup")
    other.rename(server.database)
    server.post("b")
    wait_for(lambda: "reports cannot be written: " in server.get("/readyz").text, "readyz to say so")
    assert "another file was put in its place" in server.get("/readyz").text
    assert server.metric("meshcheck_store_up") == 0
    server.post("c")
    assert server.log.count("another file was put in its place") == 1
    assert server.stop() == 1, "what it holds is lost"
    assert server.database.read_bytes() == b"a backup"
