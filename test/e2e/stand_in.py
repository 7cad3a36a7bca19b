"""What stand-ins for the Kubernetes API have in common: JSON over HTTP on loopback, in this process."""

import contextlib
import http.server
import json
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(handler):
    """A server with that handler; its `url` says where."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as api:
        api.url = f"http://127.0.0.1:{api.server_port}"
        threading.Thread(target=api.serve_forever, daemon=True).start()
        yield api
        api.shutdown()
