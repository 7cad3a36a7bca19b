"""How the server starts: its flags, from the command line and from a file, and what it refuses."""

import re

import pytest

from server import run


@pytest.mark.parametrize("threads", [1, 2])
def test_refuses_a_port_that_is_taken(launch, threads):
    """By a server of the same user with several threads too, which the kernel would allow."""
    other = launch("-db", "", "-threads", threads)
    for mine in (1, 4):
        ended = run("-db", "", "-endpoint", f"127.0.0.1:{other.port}", "-threads", str(mine))
        assert ended.returncode == 1, ended.stderr
        assert f"-endpoint: listen on 127.0.0.1:{other.port}: " in ended.stderr
        assert "ddress already in use" in ended.stderr


@pytest.mark.parametrize("flags, reason", [
    (["-endpont=x"], "unknown flag -endpont; did you mean endpoint?"),
    (["-endpoint", "8081"], "'8081' has no port; write address:port"),
    (["-endpoint", "1.2.3.4:99999"], "has a port that is not a number from 0 to 65535"),
    (["-endpoint", "localhost:8081"], "'localhost' is not an IPv4 or IPv6 address"),
    (["-endpoint", "::1:8081"], "an IPv6 address needs brackets, as in [::1]:8081"),
    (["-endpoint"], "-endpoint: a value is missing"),
    (["-check-interval", "0"], '"0" is not a whole number from 1 to 3600'),
    (["-check-interval=1h"], '"1h" is not a whole number from 1 to 3600'),
    (["-outdated-factor", "0.5"], '"0.5" is not a number from 1 to 1000'),
    (["-agents-max", "0"], '"0" is not a whole number from 1 to 1000000'),
    (["-body-max", "1023"], '"1023" is not a whole number from 1024 to 67108864'),
    (["-connections-max", "0"], '"0" is not a whole number from 1 to 1000000'),
    (["-threads", "65"], '"65" is not a whole number from 0 to 64'),
    (["-log-format", "xml"], '"xml" is not one of logfmt, json'),
    (["-kubeproxyinit", "true"], 'unexpected argument "true"; write -kubeproxyinit=true'),
    (["surplus"], 'unexpected argument "surplus"'),
    (["-kubeproxyinit", "-inventory", "/x"], "-kubeproxyinit and -inventory: give one of them"),
    (["-dashboard-url", "grafana.example/d/meshcheck"], "-dashboard-url: an address that begins with http:// or https:// is expected"),
    (["-dashboard-url", "javascript:alert(1)//https://x"], "-dashboard-url: "),
    (["-dashboard-url", "https://"], "-dashboard-url: "),
    (["-dashboard-url", "https:///d/meshcheck"], "-dashboard-url: "),
    (["-dashboard-url", "https://x/ y"], "-dashboard-url: "),
    (["-dashboard-url", "https://x/" + "y" * 2048], "-dashboard-url: "),
    (["-agent-selector", ";"], "-agent-selector: there is no selector in it"),
    (["-agent-namespace", "A"], "-agent-namespace: A is no name of a namespace"),
])
def test_refuses_bad_flags(flags, reason):
    ended = run(*flags)
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.startswith("meshcheck-server: ") and reason in ended.stderr
    assert "time=" not in ended.stderr, "nothing was started"


@pytest.mark.parametrize("flag", ["-help", "--help", "-h", "-version", "--version"])
def test_prints_help_and_version(flag):
    ended = run(flag)
    assert ended.returncode == 0 and ended.stderr == ""
    if "version" in flag:
        assert re.fullmatch(r"meshcheck-server \d+\.\d+\.\d+\n", ended.stdout)
    else:
        assert ended.stdout.startswith("Usage: meshcheck-server [flags]\n")


@pytest.mark.parametrize("flags", [
    ["--endpoint", "127.0.0.1:0", "--db", ""], ["-endpoint=127.0.0.1:0", "-db="],
    ["--v=5", "--logtostderr", "-stderrthreshold=INFO", "-log_dir", "/x", "-vmodule=a=1",
     "-alsologtostderr=true", "-log_backtrace_at=x:1", "-kubeproxyinit=false"],
])
def test_takes_the_old_spelling(launch, flags):
    server = launch(*flags)
    assert server.get("/api/v1/ping").status == 200
    for flag in ("logtostderr", "alsologtostderr"):
        assert f"without effect\" flag={flag}\n" not in server.log


def test_warns_about_the_flags_of_the_etcd_store(launch):
    flags = {"report-ttl": "180", "ping-timeout": "5", "etcd-endpoints": "http://127.0.0.1:2379",
             "etcd-tree": "netchecker", "etcd-key": "k", "etcd-cert": "c", "etcd-ca": "ca"}
    server = launch("-db", "", *[f"-{name}={value}" for name, value in flags.items()])
    for name in flags:
        assert f'level=warning event="flag of netchecker without effect" flag={name}\n' in server.log


def test_reads_flags_from_a_file(launch, tmp_path):
    file = tmp_path / "server.yaml"
    file.write_text("endpoint: 127.0.0.1:0\ndb: ''\nthreads: 3\nlog-format: json\nv: -1\n")
    server = launch("-config", file, "-v", "0", "-log-format=logfmt")
    assert " threads=3 " in server.log
    assert server.stop() == 0 and not server.database.exists()
    for text, reason in (("endpont: x", "endpont: unknown key; did you mean endpoint?"),
                         ("threads: many", '"many" is not a whole number from 0 to 64'),
                         ("threads: 1\nthreads: 2", "threads: given twice"),
                         ("db:", "db: a value is missing"), ("[1]", "a mapping of flag names")):
        file.write_text(text)
        ended = run("-config", file)
        assert ended.returncode == 2 and reason in ended.stderr, ended.stderr
    assert run("-config", tmp_path / "none").returncode == 2


def test_serves_on_four_threads(launch):
    server = launch("-threads", 4)
    assert " threads=4 " in server.log
    for i in range(40):
        assert server.post(f"agent-{i}").status == 200
    assert len(server.agents()) == 40
    assert server.metric("meshcheck_reports_total") == 40


def test_writes_its_log_as_json(tmp_path):
    ended = run("-db", tmp_path / "no" / "x", "-endpoint", "127.0.0.1:0", "-log-format", "json")
    assert re.fullmatch(r'\{"time":"[^"]+","level":"error","event":"cannot start","error":".*"\}\n',
                        ended.stderr)
