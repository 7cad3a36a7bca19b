"""The real programs on a lab: a server, and two agents on each node."""

import json
import os
import pathlib
import signal
import subprocess

from asker import Asker
from waiting import eventually


BUILD = pathlib.Path(os.environ.get("MESHCHECK_BUILD", ""))
SERVER = BUILD / "server" / "meshcheck-server"
PROGRAMS = {"pod": BUILD / "agent" / "meshcheck-agent",
            "host": BUILD / "agent-hostnet" / "meshcheck-agent-hostnet"}
MESHCTL = BUILD / "meshctl" / "meshctl"
NOT_BUILT = "MESHCHECK_BUILD names no built server"


class Mesh:
    """A server and two agents a node, started like a cluster would. The options are the server's flags, or of the agents on the
    pod network (`{name}` is each one's own); `report_to` is where agents find the server: by name only while there is a DNS."""

    def __init__(self, lab, folder, options=(), report_interval=1, report_to="netchecker-service:8081", pod_options=()):
        self.lab = lab
        self.folder = folder
        self.options = options
        self.report_interval = report_interval
        self.report_to = report_to
        self.pod_options = pod_options
        self.endpoint = "[::]:8081" if lab.ipv6 else "0.0.0.0:8081"
        self.agents = {}
        self.asker = Asker(lab)
        self.write_inventory(self.names())
        self.start_server()
        for node in self.nodes():
            for layer in PROGRAMS:
                self.start_agent(node, layer)

    def nodes(self):
        return range(1, self.lab.nodes + 1)

    @staticmethod
    def name(node, layer):
        return f"netchecker-agent-{'hostnet-' if layer == 'host' else ''}{node}"

    def names(self):
        return [self.name(node, layer) for node in self.nodes() for layer in PROGRAMS]

    def write_inventory(self, names):
        new = self.folder / "inventory.new"
        new.write_text(json.dumps({"agents": names}))
        new.rename(self.folder / "inventory.yaml")

    def start_server(self):
        self.server = self.lab.popen("server", SERVER, "-endpoint", self.endpoint,
                                     "-inventory", self.folder / "inventory.yaml",
                                     "-db", self.folder / "meshcheck.db", *self.options,
                                     stderr=open(self.folder / "server.log", "a"))

    def start_agent(self, node, layer, *more, name=None):
        """`more` are flags; `name` is another one than the agent's own."""
        name = name or self.name(node, layer)
        options = [option.format(name=name) for option in self.pod_options] if layer == "pod" else []
        self.agents[name] = self.lab.popen(
            node, layer, PROGRAMS[layer], "-serverendpoint", self.report_to,
            "-reportinterval", str(self.report_interval), *options, *more, env={**os.environ, "MY_POD_NAME": name, "MY_NODE_NAME": f"node-{node}"},
            stderr=open(self.folder / f"{name}.log", "a"))

    def stop_agent(self, node, layer, number=signal.SIGTERM):
        agent = self.agents.pop(self.name(node, layer))
        agent.send_signal(number)
        agent.wait(5)

    def restart_server(self):
        self.server.terminate()
        self.server.wait(10)
        self.start_server()

    def freeze_agent(self, node, layer, number=signal.SIGSTOP):
        """SIGSTOP, or SIGCONT: the lab does not pass these on, so the program itself gets them."""
        attendant = self.agents[self.name(node, layer)].pid
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(attendant)], capture_output=True, text=True, check=True)
        for child in children.stdout.split():
            os.kill(int(child), number)

    def get(self, path):
        """Status and body, or None while nobody answers."""
        return self.asker.get(path)

    def check(self):
        answer = self.get("/api/v1/connectivity_check")
        if answer is None:
            return None
        body = json.loads(answer[1])
        return answer[0], body["Absent"], body["Outdated"]

    def healthy(self, seconds=15):
        all_well = f"All {len(self.names())} pods successfully reported back to the server"
        return eventually(lambda: all_well in (self.get("/api/v1/connectivity_check") or (0, ""))[1], seconds)

    def paths(self, query=""):
        """The mesh as the server tells it; empty while it does not answer."""
        answer = self.get(f"/api/v1/mesh?{query}")
        return json.loads(answer[1])["paths"] if answer and answer[0] == 200 else []
