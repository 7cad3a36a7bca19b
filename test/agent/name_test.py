"""An agent goes on reporting while the server's name does not resolve, and says that it does not."""

import json

from agent import ON_TIME, Agent, Sink
from waiting import wait_for

NAME = "meshcheck-server"


class Names:
    """What /etc/hosts is for one agent, in a mount namespace of its own; DNS answers nothing there."""

    def __init__(self, folder):
        self.hosts, self.resolver = folder / "hosts", folder / "resolv.conf"
        self.resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        self.hosts.write_text("")

    def set(self, text):
        with open(self.hosts, "r+", encoding="ascii") as hosts:  # The same file, as it is mounted.
            hosts.truncate()
            hosts.write(text)

    def start(self, sink, environment=None):
        mounts = f"mount --bind {self.hosts} /etc/hosts && mount --bind {self.resolver} /etc/resolv.conf"
        port = sink.endpoint.rpartition(":")[2]
        return Agent(
            "pod", ["-serverendpoint", f"{NAME}:{port}", "-reportinterval", "1", ON_TIME],
            {"MY_POD_NAME": "pod-1", "MY_NODE_NAME": "node-1", **(environment or {})},
            wrapper=("unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh"))


def looked_up(sink):
    """What the last report says of the name; nothing before the first."""
    return json.loads(sink.reports[-1][3])["nslookup"].get(NAME, "") if sink.reports else ""


def test_reports_go_on_while_the_name_does_not_resolve(tmp_path):
    sink, names = Sink(), Names(tmp_path)
    names.set(f"127.0.0.1 {NAME}\n")
    agent = names.start(sink)
    wait_for(lambda: looked_up(sink) == ["127.0.0.1"])
    names.set("")
    wait_for(lambda: looked_up(sink) is None, patience=20)
    sink.wait_for(len(sink.reports) + 2)
    names.set(f"127.0.0.1 {NAME}\n")
    wait_for(lambda: looked_up(sink) == ["127.0.0.1"], patience=20)
    code, _, log = agent.terminate()
    assert code == 0
    assert "the server's name does not resolve; reports go to its last address" in log
    assert "the server's name resolves again" in log
    sink.close()


def test_the_first_report_goes_where_kubernetes_says_the_service_is(tmp_path):
    sink, names = Sink(), Names(tmp_path)
    agent = names.start(sink, {"MESHCHECK_SERVER_SERVICE_HOST": "127.0.0.1"})
    sink.wait_for(2, 20)
    assert looked_up(sink) is None
    assert agent.terminate()[0] == 0
    sink.close()
