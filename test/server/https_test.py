"""TLS: the certificates of the server and of its clients."""

import contextlib
import http.client
import os
import signal
import ssl
import subprocess

import pytest

from server import READS, Answer, compact, payload
from waiting import PATIENCE


class Authority:
    """A root, and what it issues for 127.0.0.1."""

    def __init__(self, directory, name):
        self.directory = directory
        self.name = name
        self.root = directory / f"{name}.crt"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout",
                      directory / f"{name}.key", "-out", self.root)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=PATIENCE)

    def issue(self, name, days=1):
        certificate, key = self.directory / f"{name}.crt", self.directory / f"{name}.key"
        request, extensions = self.directory / "request", self.directory / "extensions"
        extensions.write_text("subjectAltName=IP:127.0.0.1\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-days", str(days), "-CA", self.root,
                      "-CAkey", self.directory / f"{self.name}.key", "-set_serial",
                      str(os.urandom(3)[0] + 2), "-extfile", extensions, "-out", certificate)
        return certificate, key


def request_tls(server, root, method="GET", path="/metrics", body=None, client=None, headers=None):
    context = ssl.create_default_context(cafile=root)
    if client:
        context.load_cert_chain(*client)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=PATIENCE,
                                             context=context)
    with contextlib.closing(connection):
        connection.request(method, path, body=body and compact(body), headers=headers or {})
        return Answer(connection.getresponse())


def test_all_is_tls_and_a_new_certificate_is_used(launch, tmp_path):
    first, second = Authority(tmp_path, "first"), Authority(tmp_path, "second")
    certificate, key = first.issue("server")
    server = launch("-tls-cert", certificate, "-tls-key", key)
    assert request_tls(server, first.root, "POST", "/api/v1/agents/a", payload("a")).status == 200
    text = request_tls(server, first.root).text
    (expiry,) = [float(line.split()[1]) for line in text.splitlines()
                 if line.startswith("meshcheck_tls_certificate_expiry_timestamp_seconds ")]
    assert 0 < expiry - os.stat(certificate).st_mtime < 2 * 86400
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        server.get("/metrics")
    with pytest.raises(ssl.SSLError):
        request_tls(server, second.root)
    certificate.write_text("nonsense")
    server.signal(signal.SIGHUP)
    server.wait_log("credentials cannot be read; those before stay in force.*-tls-cert")
    assert request_tls(server, first.root).status == 200
    second.issue("server")
    server.signal(signal.SIGHUP)
    server.wait_log("credentials read again")
    text = request_tls(server, second.root).text
    assert "meshcheck_auth_reload_failures_total 1\n" in text
    assert "meshcheck_http_handshakes_failed_total 2\n" in text


def test_who_shows_no_certificate_gets_no_more_than_probes(launch, tmp_path):
    servers, clients = Authority(tmp_path, "servers"), Authority(tmp_path, "clients")
    certificate, key = servers.issue("server")
    server = launch("-tls-cert", certificate, "-tls-key", key, "-tls-client-ca", clients.root)
    good, foreign = clients.issue("good"), servers.issue("foreign")
    assert request_tls(server, servers.root, client=good).status == 200
    for path in ["/healthz", "/readyz"]:
        assert request_tls(server, servers.root, path=path).status == 200
    for path in [*READS, "/api/v1/ping"]:
        answer = request_tls(server, servers.root, path=path)
        assert answer.status == 403 and "certificate" in answer.text, path
    body = payload("a")
    assert request_tls(server, servers.root, "POST", "/api/v1/agents/a", body).status == 403
    assert request_tls(server, servers.root, "POST", "/api/v1/agents/a", body,
                       client=good).status == 200
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        request_tls(server, servers.root, path="/healthz", client=foreign)
