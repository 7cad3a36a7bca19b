"""How an agent asks a server over TLS, and how it shows the server who it is."""

import contextlib
import json
import os
import ssl
import subprocess
import time

import pytest

from agent import ON_TIME, Sink, run
from padding_test import NarrowServer, padding
from waiting import wait_for

TOKEN = "a-secret.that-is.not-shown"


class Authority:
    """Signs certificates for 127.0.0.1, by openssl, into a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.openssl("req", "-x509", *self.new_key(self.key), "-days", "1", "-subj", f"/CN={name}",
                     "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.certificate)

    @staticmethod
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    @staticmethod
    def new_key(path):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path

    def issue(self, name, days=1):
        """The files of a certificate and its key. Of no days: it has expired."""
        certificate, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1\n")
        self.openssl("req", "-new", *self.new_key(key), "-subj", f"/CN={name}", "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                     "-set_serial", int.from_bytes(os.urandom(8), "big"), "-days", days, "-extfile", extensions, "-out", certificate)
        return certificate, key


def context_of(identity, clients_of=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*identity)
    if clients_of:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients_of.certificate)
    return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("other"), "other")


@pytest.fixture(scope="module")
def identity(authority):
    return authority.issue("server")


@pytest.fixture
def secure(sink):
    """Makes the sink speak TLS as the context says; a second call changes that for new connections."""
    plain = sink.server.get_request
    current = []

    def get_request():
        # The handshake is done by the connection's own thread, when it reads first.
        connection, address = plain()
        return current[-1].wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def speak(context):
        current.append(context)
        sink.server.get_request = get_request
        sink.server.handle_error = lambda *_: sink.errors.append(time.monotonic())  # A handshake that failed.
        return "https://" + sink.endpoint

    return speak


@pytest.fixture
def token_file(tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    return file


def replace(file, text):
    """As the kubelet does: all at once."""
    new = file.with_name("new")
    new.write_text(text)
    new.rename(file)


def once(url, *flags):
    return run("-once", "-serverendpoint", url, "-reportinterval=6", *map(str, flags))


# --- the server ---------------------------------------------------------------------------------

def test_reports_to_a_server_that_the_authority_vouches_for(sink, secure, authority, identity):
    url = secure(context_of(identity))
    code, _, err = once(url, "-serverca", authority.certificate)
    assert code == 0, err
    report = json.loads(sink.reports[0][3])
    assert report["nslookup"] == {"127.0.0.1": ["127.0.0.1"]}
    ping = report["network_probes"][-1]
    assert ping["URL"] == url + "/api/v1/ping" and ping["ConnectionResult"] == 1 and ping["HTTPCode"] == 200


def test_other_probes_keep_their_own_authorities(sink, secure, authority, other_authority, identity):
    url = secure(context_of(identity))
    code, _, err = once(url, "-serverca", authority.certificate, "-probecafile", other_authority.certificate, "-probeurls", url + "/other")
    assert code == 0, err
    assert [probe["ConnectionResult"] for probe in json.loads(sink.reports[0][3])["network_probes"]] == [0, 1]


@pytest.mark.parametrize("make", ["wrong", "system", "expired", "name"])
def test_reports_to_nobody_else(sink, secure, authority, other_authority, identity, make, token_file):
    url = secure(context_of(authority.issue("expired", days=0) if make == "expired" else identity))
    if make == "name":
        url = url.replace("127.0.0.1", "localhost")
    ca = {"wrong": ["-serverca", other_authority.certificate], "system": []}.get(make, ["-serverca", authority.certificate])
    code, _, err = once(url, *ca, "-servertokenfile", token_file)
    assert code == 1 and not sink.reports
    assert "report failed" in err and "SSL" in err and TOKEN not in err


def test_follows_the_authorities_when_they_are_replaced(sink, secure, start, authority, other_authority, identity, tmp_path):
    ca = tmp_path / "ca.pem"
    replace(ca, authority.certificate.read_text())
    url = secure(context_of(identity))
    agent = start(ON_TIME, "-serverendpoint", url, "-reportinterval=1", "-serverca", str(ca))
    sink.wait_for(1)
    secure(context_of(other_authority.issue("server")))
    replace(ca, other_authority.certificate.read_text())
    count = len(sink.reports)
    sink.wait_for(count + 2)
    # An authority that is gone vouches for nobody any more.
    secure(context_of(identity))
    sink.errors.clear()
    wait_for(lambda: sink.errors, "a handshake that fails")
    count = len(sink.reports)
    wait_for(lambda: len(sink.errors) >= 3, "two more")
    assert len(sink.reports) == count
    assert "report failed" in agent.terminate()[2]


# --- who the agent is ---------------------------------------------------------------------------

def test_shows_its_certificate_to_who_asks_for_it(sink, secure, authority, other_authority, identity):
    url = secure(context_of(identity, clients_of=authority))
    ca = ("-serverca", authority.certificate)
    assert once(url, *ca)[0] == 1 and not sink.reports
    wrong = other_authority.issue("wrong")
    assert once(url, *ca, "-servercert", wrong[0], "-serverkey", wrong[1])[0] == 1 and not sink.reports
    mine = authority.issue("agent")
    code, _, err = once(url, *ca, "-servercert", mine[0], "-serverkey", mine[1])
    assert code == 0, err
    assert json.loads(sink.reports[0][3])["network_probes"][-1]["HTTPCode"] == 200


def test_follows_its_certificate_when_it_is_replaced(sink, secure, start, authority, other_authority, identity, tmp_path):
    certificate, key = tmp_path / "agent.pem", tmp_path / "agent.key"

    def become(who):
        for new, file in zip(who, (certificate, key)):
            replace(file, new.read_text())

    become(authority.issue("agent"))
    url = secure(context_of(identity, clients_of=authority))
    start(ON_TIME, "-serverendpoint", url, "-reportinterval=1", "-serverca", str(authority.certificate),
          "-servercert", str(certificate), "-serverkey", str(key))
    sink.wait_for(1)
    secure(context_of(identity, clients_of=other_authority))
    become(other_authority.issue("agent"))
    count = len(sink.reports)
    sink.wait_for(count + 2)


@pytest.mark.parametrize("tls", [False, True])
def test_the_token_goes_with_each_report_and_nowhere_else(sink, secure, start, authority, identity, token_file, tls):
    flags = ["-serverendpoint", sink.endpoint]
    if tls:
        flags = ["-serverendpoint", secure(context_of(identity)), "-serverca", str(authority.certificate)]
    agent = start(ON_TIME, *flags, "-reportinterval=1", "-v=5", "-servertokenfile", str(token_file))
    sink.wait_for(1)
    replace(token_file, "another\n")
    changed = time.monotonic()
    with sink.changed:
        assert sink.changed.wait_for(lambda: sink.reports[-1][2]["Authorization"] == "Bearer another", 5)
    assert time.monotonic() - changed < 4
    token_file.unlink()
    count = len(sink.reports)
    reports = sink.wait_for(count + 3)
    code, _, err = agent.terminate()
    assert code == 0
    assert reports[0][2]["Authorization"] == "Bearer " + TOKEN and reports[-1][2]["Authorization"] == "Bearer another"
    assert err.count("file cannot be used") == 1
    assert err.count("the token goes over plain HTTP") == (0 if tls else 1)
    assert TOKEN not in err and "another" not in err
    assert all(TOKEN.encode() not in body and b"another" not in body for _, _, _, body in reports)


def test_the_dump_has_no_token(sink, token_file):
    code, out, err = run("-dump", "-serverendpoint", sink.endpoint, "-servertokenfile", str(token_file))
    assert code == 0 and TOKEN not in out and TOKEN not in err


def test_no_redirect_carries_the_token_away(sink, token_file):
    """Reports follow none, probes have no token."""
    elsewhere = Sink()
    sink.status, sink.location = 307, "http://" + elsewhere.endpoint + "/stolen"
    code, _, err = once(sink.endpoint, "-servertokenfile", token_file)
    elsewhere.close()
    assert code == 1 and "the server answered 307" in err
    assert len(sink.reports) == 1 and not elsewhere.reports
    assert [headers.get("Authorization") for _, headers in sink.questions + elsewhere.questions] == [None]


@pytest.mark.parametrize("status", [401, 403, 503])
def test_a_refusal_is_told_and_tried_again_as_ever(sink, start, token_file, status):
    sink.status, sink.text = status, b"the token is not known here\n"
    agent = start(ON_TIME, "-serverendpoint", sink.endpoint, "-reportinterval=60", "-servertokenfile", str(token_file))
    times = [report[0] for report in sink.wait_for(3)]
    assert 0.4 < times[1] - times[0] < 1.5 and 0.9 < times[2] - times[1] < 2.5
    assert f"the server answered {status}: the token is not known here" in agent.terminate()[2]


@pytest.mark.parametrize("flags, what", [
    (["-servercert", "/etc/hostname"], "-servercert and -serverkey: both or none"),
    (["-serverca", "/no/such/file"], "-serverca: /no/such/file: No such file"),
    (["-servertokenfile", "/no/such/file"], "-servertokenfile: /no/such/file: No such file"),
    (["-serverendpoint=x:1", "-serverca", "/etc/hostname"], "-serverca: of no use without https://"),
])
def test_bad_usage_is_code_2(flags, what):
    code, out, err = run("-serverendpoint=https://x:1", *flags)
    assert code == 2 and out == "" and what in err


# --- the padding, over TLS ----------------------------------------------------------------------

class SecureNarrowServer(NarrowServer):
    """The same over TLS: sizes are those of requests, not of what is on the wire."""

    def __init__(self, context, *arguments, **options):
        self.context = context
        super().__init__(*arguments, **options)
        self.endpoint = "https://" + self.endpoint

    def talk(self, stream):
        with contextlib.suppress(OSError):
            super().talk(self.context.wrap_socket(stream, server_side=True))


@pytest.fixture
def narrow(authority, identity):
    servers = []

    def make(*arguments, **options):
        servers.append(SecureNarrowServer(context_of(identity), *arguments, **options))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def test_a_stalled_report_goes_without_its_padding(narrow, authority):
    server = narrow(100_000)
    code, _, err = once(server.endpoint, "-zeroextenderlength=200000", "-serverca", authority.certificate)
    assert code == 0, err
    report, = server.wait_for(lambda server: server.reports)
    assert report["zero_extender"] == []
    assert "report stalled; it goes without its padding" in err and "stage=send" in err


def test_what_is_lost_is_said_and_taken_back(narrow, start, authority):
    server = narrow(100_000)
    agent = start(ON_TIME, "-serverendpoint", server.endpoint, "-serverca", str(authority.certificate), "-reportinterval=2",
                  "-zeroextenderlength=200000")
    reports = server.wait_for(lambda server: any(padding(r)["lost_ms"] for r in server.reports))
    assert padding(reports[-1])["stage"] == "send" and len(reports) == 2
    server.limit = 1_000_000
    server.wait_for(lambda server: server.reports[-1]["zero_extender"])
    server.wait_for(lambda server: padding(server.reports[-1])["delivered"] == 400000)
    assert agent.terminate()[2].count("large reports are lost, small ones arrive") == 1


def test_a_slow_server_that_has_it_all_is_no_loss(narrow, start, authority):
    server = narrow(100_000, reads=True)
    start(ON_TIME, "-serverendpoint", server.endpoint, "-serverca", str(authority.certificate), "-reportinterval=3",
          "-zeroextenderlength=60000")
    reports = server.wait_for(lambda server: len(server.reports) == 3)
    assert all(padding(report)["lost_ms"] is None and padding(report)["delivered"] == 0 for report in reports)
