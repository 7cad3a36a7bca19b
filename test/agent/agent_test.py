"""The agents as a user sees them: real processes against a sink on loopback."""

import http.server
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from agent import ON_TIME, PROGRAMS, Agent, refusing_endpoint, run
from loopback import full_pipe
from waiting import hold_for

OLD_KEYS = ["report_interval", "nodename", "podname", "hostdate", "uptime", "nslookup", "ips",
            "network_probes"]
PROBE_KEYS = ["URL", "ConnectionResult", "HTTPCode", "Total", "ContentTransfer", "TCPConnection",
              "DNSLookup", "Connect", "ServerProcessing"]


# --- the report ---------------------------------------------------------------------------------

def test_reports_at_once_with_netcheckers_request(sink, start):
    begin = time.monotonic()
    start("-serverendpoint", sink.endpoint, "-reportinterval=60")
    arrived, path, headers, body = sink.wait_for(1)[0]
    assert arrived - begin < 2.0
    assert path == "/api/v1/agents/pod-1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Connection"] == "close"
    report = json.loads(body)
    assert list(report) == OLD_KEYS + ["mesh", "zero_extender"]
    assert report["report_interval"] == 60
    assert report["nodename"] == "node-1"
    assert report["podname"] == "pod-1"
    assert report["nslookup"] == {"127.0.0.1": ["127.0.0.1"]}
    assert "127.0.0.1/8" in report["ips"]["lo"]
    assert list(report["ips"]) == sorted(report["ips"])
    assert abs(report["uptime"] - float(open("/proc/uptime").read().split()[0])) < 5
    assert report["hostdate"].startswith(time.strftime("%Y-%m-%dT", time.gmtime()))
    assert report["mesh"]["layer"] == "pod"


def test_bytes_are_those_of_gos_encoder(sink, start):
    start("-serverendpoint", sink.endpoint, "-zeroextenderlength=3")
    body = sink.wait_for(1)[0][3]
    report = json.loads(body)
    assert body == json.dumps(report, separators=(",", ":")).replace(
        json.dumps(report["mesh"]["loop_lag_ms"], separators=(",", ":")),
        '{"max":%.3f,"mean":%.3f}' % tuple(report["mesh"]["loop_lag_ms"].values())).encode()
    assert body.endswith(b',"zero_extender":[0,0,0]}')
    for probe in report["network_probes"]:
        assert list(probe) == PROBE_KEYS


def test_pads_with_two_bytes_a_zero(sink):
    sizes = {}
    for length in (0, 1500, 500000):
        code, _, err = run("-once", "-serverendpoint", sink.endpoint,
                           "-zeroextenderlength=%d" % length)
        assert code == 0, err
        body = sink.reports[-1][3]
        report = json.loads(body)
        assert report["zero_extender"] == [0] * length
        sizes[length] = len(body) - body.index(b'"zero_extender":') - len(b'"zero_extender":}')
    assert sizes == {0: 2, 1500: 3001, 500000: 1000001}


def test_escapes_the_pods_name(sink):
    code, _, err = run("-once", "-serverendpoint", sink.endpoint,
                       environment={"MY_POD_NAME": "a b?ü"})
    assert code == 0, err
    assert sink.reports[0][1] == "/api/v1/agents/a%20b%3F%C3%BC"
    assert json.loads(sink.reports[0][3])["podname"] == "a b?ü"


def test_host_agent_adds_counters_routes_and_neighbours():
    code, out, err = run("-dump", "-serverendpoint", "127.0.0.1:1", layer="host")
    assert code == 0, err
    mesh = json.loads(out)["mesh"]
    assert mesh["layer"] == "host"
    loopback = next(link for link in mesh["links"] if link["name"] == "lo")
    assert loopback["mtu"] > 1000 and loopback["rx_packets"] >= 0
    assert "carrier_changes" in loopback
    assert mesh["routes_total"] >= len(mesh["routes"])
    for gateway in mesh["gateways"]:
        assert gateway["neighbour"]


def test_pod_agent_keeps_to_its_own_network():
    code, out, err = run("-dump", "-serverendpoint", "127.0.0.1:1")
    assert code == 0, err
    mesh = json.loads(out)["mesh"]
    assert "routes" not in mesh and "conntrack" not in mesh
    assert all("rx_bytes" not in link for link in mesh["links"])


# --- probes -------------------------------------------------------------------------------------

def test_probes_every_url_and_the_server_last(sink):
    taken, refusing = refusing_endpoint()
    code, out, err = run("-dump", "-serverendpoint", sink.endpoint, "-probeurls",
                         "%s/slow;http://%s/error,http://%s/redirect,http://%s/" %
                         (sink.endpoint, sink.endpoint, sink.endpoint, refusing))
    taken.close()
    assert code == 0, err
    slow, error, redirect, refused, ping = json.loads(out)["network_probes"]
    assert slow["URL"] == "http://%s/slow" % sink.endpoint
    assert slow["ConnectionResult"] == 1 and slow["HTTPCode"] == 200
    assert 100 <= slow["ServerProcessing"] < 1000
    assert 120 <= slow["ContentTransfer"] < 1000
    assert slow["Connect"] - slow["DNSLookup"] - slow["TCPConnection"] in (0, 1)
    parts = slow["Connect"] + slow["ServerProcessing"] + slow["ContentTransfer"]
    assert parts <= slow["Total"] <= parts + 50
    assert error["ConnectionResult"] == 1 and error["HTTPCode"] == 500
    assert redirect["ConnectionResult"] == 1 and redirect["HTTPCode"] == 200
    assert refused["ConnectionResult"] == 0 and refused["HTTPCode"] == 0
    assert [refused[key] for key in PROBE_KEYS[4:]] == [0] * 5
    assert ping["URL"] == "http://%s/api/v1/ping" % sink.endpoint
    assert ping["ConnectionResult"] == 1 and ping["HTTPCode"] == 200


def test_a_report_waits_for_its_own_probes_but_not_for_ever(sink, start):
    silent = socket.create_server(("127.0.0.1", 0))
    begin = time.monotonic()
    start("-serverendpoint", sink.endpoint, "-reportinterval=2", "-probeurls",
          "127.0.0.1:%d" % silent.getsockname()[1])
    arrived, _, _, body = sink.wait_for(1)[0]
    silent.close()
    assert 0.4 < arrived - begin < 1.5
    hung = json.loads(body)["network_probes"][0]
    assert hung["ConnectionResult"] == 1 and hung["HTTPCode"] == 0
    assert 500 <= hung["Total"] < 1000


def https_server(folder):
    """A server with a certificate of its own for localhost; its URL and the certificate's file."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server, certificate


def test_https_is_verified_against_the_file_of_authorities(tmp_path):
    server, certificate = https_server(tmp_path)
    port = server.server_address[1]
    urls = "https://localhost:%d/,https://127.0.0.1:%d/" % (port, port)

    def probe(*flags):
        code, out, err = run("-dump", "-serverendpoint", "127.0.0.1:1", "-probeurls", urls, *flags)
        assert code == 0, err
        return [(p["ConnectionResult"], p["HTTPCode"]) for p in json.loads(out)["network_probes"][:2]]

    assert probe() == [(0, 0), (0, 0)]
    # The second name is not the certificate's.
    assert probe("-probecafile", str(certificate)) == [(1, 200), (0, 0)]
    code, _, err = run("-dump", "-probecafile", "/no/such/file")
    assert code == 2 and "-probecafile: /no/such/file: No such file" in err
    server.shutdown()
    server.server_close()


def test_a_failed_look_up_is_null():
    # No DNS server is asked about a name with an empty label.
    code, out, err = run("-dump", "-serverendpoint", "no..such..host:1")
    assert code == 0, err
    assert json.loads(out)["nslookup"] == {"no..such..host": None}


# --- time ---------------------------------------------------------------------------------------

def test_does_not_drift(sink, start):
    start("-serverendpoint", sink.endpoint, "-reportinterval=1", ON_TIME)
    times = [report[0] for report in sink.wait_for(6, timeout=15)]
    for n, arrived in enumerate(times[:6]):
        assert abs(arrived - times[0] - n) < 0.3, times


def test_a_log_that_nobody_reads_stops_no_report(sink):
    log, writer = full_pipe()
    agent = Agent("pod", ["-serverendpoint", sink.endpoint, "-reportinterval=1", ON_TIME], log=writer)
    os.close(writer)
    with log:
        sink.wait_for(2)
        # The lines were kept, and come once somebody reads.
        assert log.read(4096) == b"x" * 4096
        assert b"event=started" in log.read(4096)
        agent.process.kill()
        agent.finish()


def test_retries_with_backoff_until_the_server_takes_it(sink, start):
    sink.status, sink.text = 500, b"database is locked\n"
    agent = start("-serverendpoint", sink.endpoint, "-reportinterval=60", ON_TIME)
    reports = sink.wait_for(3)
    assert reports[0][3] == reports[1][3] == reports[2][3]
    first, second = reports[1][0] - reports[0][0], reports[2][0] - reports[1][0]
    assert 0.4 < first < 1.5 and 0.9 < second < 2.5
    sink.status = 200
    sink.wait_for(4)
    hold_for(0.5, lambda: len(sink.reports) == 4, "the four reports alone")
    code, _, err = agent.terminate()
    assert code == 0
    assert "the server answered 500: database is locked" in err
    assert "reports are accepted again" in err


def test_tells_the_server_of_its_failures(sink, start):
    sink.status, sink.text = 503, b"busy"
    start("-serverendpoint", sink.endpoint, "-reportinterval=1")
    sink.wait_for(2)
    sink.status = 200
    count = len(sink.reports)
    body = sink.wait_for(count + 3)[-1][3]
    history = json.loads(body)["mesh"]["reports"]
    assert history["sent"] >= 1 and history["failed"] >= 1 and history["retried"] >= 1
    assert history["last_error"] == "the server answered 503: busy"


def test_survives_a_server_that_refuses_and_one_that_hangs(sink, start):
    taken, refusing = refusing_endpoint()
    agent = start("-serverendpoint", refusing, "-reportinterval=1")
    hold_for(1.2, lambda: agent.process.poll() is None, "running")
    code, _, err = agent.terminate()
    taken.close()
    assert code == 0 and err.count("report failed") >= 2
    sink.hang.set()
    agent = start("-serverendpoint", sink.endpoint, "-reportinterval=1")
    sink.wait_for(3, timeout=15)
    sink.hang.clear()
    count = len(sink.reports)
    sink.wait_for(count + 2, timeout=15)
    code, _, err = agent.terminate()
    assert code == 0 and "timed out" in err and "reports are accepted again" in err


# --- ends ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_within_two_seconds(sink, start, number):
    agent = start("-serverendpoint", sink.endpoint)
    sink.wait_for(1)
    code, seconds, _ = agent.terminate(number)
    assert code == 0 and seconds < 1.0
    sink.hang.set()
    agent = start("-serverendpoint", sink.endpoint)
    sink.wait_for(2)
    code, seconds, _ = agent.terminate(number)
    assert code == 0 and seconds < 2.0


def test_once_tells_whether_the_report_was_accepted(sink):
    code, out, err = run("-once", "-serverendpoint", sink.endpoint)
    assert (code, out) == (0, "") and len(sink.reports) == 1
    sink.status, sink.text = 400, b"no such thing\n"
    code, out, err = run("-once", "-serverendpoint", sink.endpoint)
    assert code == 1 and "the server answered 400: no such thing" in err
    taken, refusing = refusing_endpoint()
    code, out, err = run("-once", "-serverendpoint", refusing)
    taken.close()
    assert code == 1 and "Failed to connect" in err


def test_dump_prints_one_line_and_sends_nothing(sink):
    code, out, err = run("-dump", "-serverendpoint", sink.endpoint)
    assert code == 0 and out.count("\n") == 1 and out.endswith("}\n")
    assert list(json.loads(out))[:8] == OLD_KEYS
    assert not sink.reports


# --- flags and environment ----------------------------------------------------------------------

@pytest.mark.parametrize("layer", ["pod", "host"])
def test_help_and_version(layer):
    for flag in ("-h", "-help", "--help"):
        code, out, err = run(flag, layer=layer, environment={})
        assert code == 0 and err == "" and "-serverendpoint" in out
    code, out, err = run("--version", layer=layer, environment={})
    assert code == 0 and out.startswith(PROGRAMS[layer].name + " ")


@pytest.mark.parametrize("arguments, what", [
    (["-serverendopoint", "x:1"], "did you mean serverendpoint?"),
    (["-reportinterval", "0"], "-reportinterval"),
    (["-zeroextenderlength=-1"], "-zeroextenderlength"),
    (["-serverendpoint", "http://x:1/"], "host:port is expected"),
    (["-config", "/nonexistent.yaml"], "/nonexistent.yaml: open"),
    (["stray"], 'unexpected argument "stray"'),
])
def test_bad_usage_is_code_2(arguments, what):
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and what in err


def test_takes_kubesprays_arguments(sink):
    code, _, err = run("-once", "-v=5", "-alsologtostderr=true", "-logtostderr",
                       "-serverendpoint=" + sink.endpoint, "-reportinterval=15")
    assert code == 0 and "level=debug" in err


def test_reads_a_file(sink, tmp_path):
    config = tmp_path / "agent.yaml"
    config.write_text("serverendpoint: %s\nprobeurls: ['127.0.0.1:1/a', '127.0.0.1:1/b']\n"
                      "zeroextenderlength: 7\nreportinterval: 2\nlog-format: json\n"
                      % sink.endpoint)
    code, _, err = run("-once", "-config", str(config), "-zeroextenderlength", "2")
    assert code == 0
    report = json.loads(sink.reports[0][3])
    assert len(report["network_probes"]) == 3
    assert report["zero_extender"] == [0, 0]
    assert all(json.loads(line)["time"] for line in err.splitlines())


@pytest.mark.parametrize("name, what", [
    (None, "MY_POD_NAME is not set"), ("a/b", "MY_POD_NAME"), ("a\nb", "MY_POD_NAME"),
    ("x" * 254, "MY_POD_NAME")])
def test_a_bad_pod_name_is_code_1(name, what):
    code, _, err = run(environment={} if name is None else {"MY_POD_NAME": name})
    assert code == 1 and what in err


def test_a_missing_node_name_is_only_logged(sink):
    code, _, err = run("-once", "-serverendpoint", sink.endpoint,
                       environment={"MY_POD_NAME": "pod-1"})
    assert code == 0 and "MY_NODE_NAME" in err
    assert json.loads(sink.reports[0][3])["nodename"] == ""
