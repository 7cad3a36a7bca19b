"""-check: asks the server whether all is well."""

import http.server
import threading

import pytest

from agent import refusing_endpoint, run


@pytest.fixture
def server():
    """Answers with the statuses of `server.statuses`, the last one again and again."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            made.asked.append((self.path, self.headers.get("Authorization")))
            status = made.statuses.pop(0) if len(made.statuses) > 1 else made.statuses[0]
            body = f'{{"Message":"it is {status}"}}'.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.asked = []
    threading.Thread(target=made.serve_forever).start()
    yield made
    made.shutdown()
    made.server_close()


def endpoint(server):
    return f"127.0.0.1:{server.server_port}"


def test_waits_until_it_is_good(server, tmp_path):
    server.statuses = [400, 503, 200]
    token = tmp_path / "token"
    token.write_text("a-token-of-mine\n")
    code, out, err = run("-check=30", "-serverendpoint", endpoint(server), "-servertokenfile", str(token))
    assert (code, out) == (0, '{"Message":"it is 200"}\n'), err
    assert server.asked == [("/api/v1/connectivity_check", "Bearer a-token-of-mine")] * 3


def test_says_what_is_wrong_when_its_time_is_up(server):
    server.statuses = [400]
    assert run("-check=1", "-serverendpoint", endpoint(server))[:2] == (1, '{"Message":"it is 400"}\n')


def test_says_that_nobody_answers():
    taken, refusing = refusing_endpoint()
    code, out, _ = run("-check=1", "-serverendpoint", refusing)
    taken.close()
    assert code == 1 and f"Failed to connect to 127.0.0.1 port {refusing.split(':')[1]}" in out
