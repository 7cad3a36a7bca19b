"""A small Kubernetes API that says what a test wants: lists and watches of pods, nodes and, once they are defined, Downtimes."""

import http.server
import json
import re
import threading
import urllib.parse


def pod(name, uid=None, node="n1", phase="Running", ready=True, ending=False,
        started="2020-01-01T00:00:00Z", app="netchecker-agent", namespace="net", ips=()):
    metadata = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}",
                "labels": {"app": app}}
    if ending:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {},
            "status": {"phase": phase, "startTime": started, "podIPs": [{"ip": ip} for ip in ips],
                       "conditions": [{"type": "Ready", "status": str(ready)}]}}


def node(name, ready=True, cordoned=False, zone="east"):
    return {"metadata": {"name": name, "uid": f"uid-{name}",
                         "labels": {"topology.kubernetes.io/zone": zone}},
            "spec": {"unschedulable": cordoned},
            "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


def downtime(name, *items, group="meshcheck.io"):
    return {"apiVersion": f"{group}/v1alpha1", "kind": "Downtime", "metadata": {"name": name, "uid": f"uid-{name}"},
            "spec": list(items)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        api = self.server.api
        url = urllib.parse.urlparse(self.path)
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        resource = url.path if url.path.endswith("/downtimes") else url.path.rsplit("/", 1)[1]
        with api.changed:
            api.asked.append(self.path)
            if resource not in api.objects:
                return self.answer(404, {"kind": "Status", "code": 404, "message": "there is no such kind"})
            if resource in api.forbidden:
                return self.answer(403, {"kind": "Status", "code": 403,
                                         "message": f"{resource} is forbidden: User"})
            wanted = self.matcher(query.get("labelSelector", ""))
            if "watch" not in query:
                items = [one for one in api.objects[resource].values() if wanted(one)]
                return self.answer(200, {"metadata": {"resourceVersion": str(api.version)},
                                         "items": items})
        return self.watch(resource, wanted, int(query["resourceVersion"]))

    def do_POST(self):
        """A token is `token-of-` and the name of its pod."""
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = review["spec"]["token"].removeprefix("token-of-")
        extra = {"authentication.kubernetes.io/pod-name": [name], "authentication.kubernetes.io/pod-uid": [f"uid-{name}"]}
        self.answer(201, {"status": {"authenticated": True, "audiences": review["spec"].get("audiences", []), "user": {
            "username": "system:serviceaccount:net:agent", "groups": ["system:serviceaccounts"], "extra": extra}}})

    @staticmethod
    def matcher(selector):
        apps = re.fullmatch(r"app in \((.*)\)", selector)
        if apps:
            return lambda one: one["metadata"]["labels"].get("app") in apps[1].split(",")
        return lambda one: not selector

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def watch(self, resource, wanted, version):
        api = self.server.api
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        while True:
            with api.changed:
                api.changed.wait_for(
                    lambda: self.server.stopped or api.forgotten > version or api.version > version)
                if self.server.stopped:
                    self.close_connection = True
                    return
                events = [event for at, kind, event in api.events
                          if at > version and kind == resource and wanted(event["object"])]
                if api.forgotten > version:
                    events = [{"type": "ERROR", "object": {"kind": "Status", "code": 410,
                                                           "message": "too old"}}]
                version = api.version
            for event in events:
                data = json.dumps(event).encode() + b"\n"
                try:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                except OSError:
                    return


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class Kubernetes:
    """Objects stay while it is stopped; `forbidden` holds resources that are answered 403."""

    def __init__(self, directory):
        self.changed = threading.Condition(threading.RLock())
        self.objects = {"pods": {}, "nodes": {}}
        self.events = []
        self.version = 1
        self.forgotten = 0  # Watches from before are told 410.
        self.forbidden = set()
        self.asked = []
        self.server = None
        self.port = 0
        self.start()
        self.kubeconfig = directory / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u",
                                                   "namespace": "net"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "u", "user": {"token": "token"}}]}))

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.api = self
        self.server.stopped = False
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        server, self.server = self.server, None
        if server is None:
            return
        with self.changed:
            server.stopped = True
            self.changed.notify_all()
        server.shutdown()
        server.server_close()

    def put(self, *objects):
        for one in objects:
            self._change("MODIFIED", one)

    def delete(self, *objects):
        for one in objects:
            self._change("DELETED", one)

    def define_downtimes(self, group):
        self.objects[f"/apis/{group}/v1alpha1/downtimes"] = {}

    def forget(self):
        with self.changed:
            self.version += 1
            self.forgotten = self.version
            self.changed.notify_all()

    def _change(self, kind, one):
        resource = "pods" if "namespace" in one["metadata"] else "nodes"
        if one.get("kind") == "Downtime":
            resource = f"/apis/{one['apiVersion']}/downtimes"
        with self.changed:
            self.version += 1
            one["metadata"]["resourceVersion"] = str(self.version)
            key = (one["metadata"].get("namespace"), one["metadata"]["name"])
            if kind == "DELETED":
                self.objects[resource].pop(key, None)
            else:
                self.objects[resource][key] = one
            self.events.append((self.version, resource, {"type": kind, "object": one}))
            self.changed.notify_all()
