"""A server by the clock of 2030, with a downtime that runs: what the real one does not say before then."""

import contextlib
import http.server
import json
import threading

NOW = 1893456000


@contextlib.contextmanager
def later_server(uid, questions=None):
    """Its URL, and the bodies of changes as they come. The paths of what is only read go to `questions`."""
    item = {"uid": uid, "name": "n", "type": "Accident", "startDate": NOW - 60, "endDate": NOW + 60, "description": "",
            "affected": [], "source": "api"}
    changes = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):  # pylint: disable=arguments-differ
            pass

        def answer(self, tree):
            text = json.dumps(tree).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self):  # pylint: disable=invalid-name
            if questions is not None:
                questions.append(self.path)
            self.answer({"time": "2030-01-01T00:00:00Z", "verdicts": [], "downtimes": [item]})

        def do_POST(self):  # pylint: disable=invalid-name
            changes.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(item | changes[-1])

        do_PUT = do_POST

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", changes
        finally:
            server.shutdown()
            thread.join()
