"""A real Prometheus scrapes the real server as the chart configures both. No cluster: the test puts the chart's Secrets
where pods have them, and turns the ServiceMonitor's endpoint into a scrape_config, as the operator would. The same servers
answer what NOTES say to ask."""

import base64
import json
import os
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml

import stand_in
from chart import CHART, OPERATOR, ROOT, arguments, merged, must, of_kind, program, render, run
from loopback import free_port
from waiting import wait_for

POD_ADDRESS = "127.0.0.2"  # As that of a pod, the certificate does not have it.
READ_TOKEN = "read-token-of-the-test-1"
OWN_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
MUTUAL = {"tls": {"mutual": True}}
BY_TOKEN = {"auth": {"read": "token", "tokenSecret": "mine"}}
BY_RIGHT = {"auth": {"read": "kubernetes"}}
KEEP_ONE = {"sourceLabels": ["__name__"], "regex": "meshcheck_build_info", "action": "keep"}
CASES = {
    "defaults": {}, "mutual": MUTUAL, "by token": BY_TOKEN, "all": MUTUAL | BY_TOKEN, "by right": BY_RIGHT,
    "plain": {"tls": {"enabled": False}}, "by pod": MUTUAL | BY_TOKEN | {"monitoring": {"podMonitor": True}},
    "relabelled": {"monitoring": {"relabelings": [{"targetLabel": "cluster", "replacement": "one"}],
                                  "metricRelabelings": [KEEP_ONE]}}}
# Jobs that lack a part of it: they prove that the others come in by what the chart says.
LACKING = [("defaults", "tls_config", ["ca_file"]), ("defaults", "tls_config", ["server_name"]),
           ("mutual", "tls_config", ["cert_file", "key_file"]), ("by token", "authorization", None),
           ("by right", "authorization", None)]


class Api(stand_in.Handler):
    """A stand-in for a Kubernetes API: it knows one token, lets its bearer read, and has no pods and nodes to tell of."""

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked["kind"] == "TokenReview":
            known = asked["spec"]["token"] == READ_TOKEN
            asked["status"] = {"authenticated": known, "user": {"username": "prometheus"}}
        else:
            path = asked["spec"].get("nonResourceAttributes", {"verb": "", "path": ""})
            asked["status"] = {"allowed": path["verb"] == "get" and path["path"].startswith(("/metrics", "/meshcheck/"))}
        self.answer(201, asked)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scrape")


@pytest.fixture(scope="module")
def kubeconfig(folder):
    with stand_in.serving(Api) as api:
        (folder / "kubeconfig").write_text(yaml.safe_dump({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": api.url}}],
            "users": [{"name": "u", "user": {"token": "our-own-token"}}]}))
        yield folder / "kubeconfig"


@pytest.fixture(scope="module")
def start():
    started = []

    def begin(log, *command, **options):
        with open(log, "w") as output:
            started.append(subprocess.Popen([str(word) for word in command], stdout=output, stderr=output, **options))

    yield begin
    for process in started:
        process.kill()
        process.wait()


def write_secrets(objects, folder):
    """As folders; that of the user's tokens is there too."""
    (folder / "mine").mkdir()
    for key in ("report", "read"):
        (folder / "mine" / key).write_text(READ_TOKEN)
    (folder / "own-token").write_text(READ_TOKEN)
    for made in objects:
        if made["kind"] == "Secret":
            (folder / made["metadata"]["name"]).mkdir()
            for key, value in made["data"].items():
                (folder / made["metadata"]["name"] / key).write_bytes(base64.b64decode(value))


def server_arguments(objects, folder, port):
    """Those of the chart, with the folders of this test in place of the volumes."""
    (folder / "data").mkdir()
    places = {"/tls/": "meshcheck-tls", "/mesh/": "meshcheck-mesh", "/tokens/": "mine", "/data/": "data"}
    made = [word.replace("0.0.0.0:8081", f"{POD_ADDRESS}:{port}") for word in arguments(objects, "meshcheck-server")]
    for mount, place in places.items():
        made = [word.replace(f"={mount}", f"={folder}/{place}/") for word in made]
    return made


def snake(name):
    return re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def scrape_config(name, endpoint, folder, port):
    """What the operator makes of an endpoint, as far as the chart uses its fields; others fail the test."""
    endpoint = dict(endpoint)
    assert endpoint.pop("port") == "http"

    def secret(selector):
        return str(folder / selector["name"] / selector["key"])

    made = {"job_name": name, "static_configs": [{"targets": [f"{POD_ADDRESS}:{port}"]}],
            "scrape_interval": endpoint.pop("interval"), "metrics_path": endpoint.pop("path"), "scheme": endpoint.pop("scheme")}
    if tls := dict(endpoint.pop("tlsConfig", {})):
        made["tls_config"] = {"server_name": tls.pop("serverName"), "ca_file": secret(tls.pop("ca")["secret"])}
        if "cert" in tls:
            made["tls_config"] |= {"cert_file": secret(tls.pop("cert")["secret"]), "key_file": secret(tls.pop("keySecret"))}
        assert not tls
    if authorization := endpoint.pop("authorization", None):
        made["authorization"] = {"type": "Bearer", "credentials_file": secret(authorization["credentials"])}
    if token := endpoint.pop("bearerTokenFile", None):
        assert token == OWN_TOKEN
        made["authorization"] = {"type": "Bearer", "credentials_file": str(folder / "own-token")}
    for key, name in (("relabelings", "relabel_configs"), ("metricRelabelings", "metric_relabel_configs")):
        made[name] = [{snake(word): value for word, value in rule.items()} for rule in endpoint.pop(key, [])]
    assert not endpoint
    return made


def query(port, expression):
    """{labels: value}, empty also while Prometheus does not answer yet."""
    try:
        url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(expression)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return [(one["metric"], one["value"][1]) for one in json.load(answer)["data"]["result"]]
    except OSError:
        return []


def lacks(config, field, keys):
    """The same job without the field, or without these of its keys."""
    rest = {key: value for key, value in config[field].items() if keys and key not in keys}
    return {**config, "job_name": f"{config['job_name']} without {field} {keys}", field: rest or None}


def endpoint_of(objects):
    """Of the one object that says how the server is scraped."""
    (monitor,) = of_kind(objects, "ServiceMonitor") + of_kind(objects, "PodMonitor")
    (endpoint,) = monitor["spec"]["endpoints" if monitor["kind"] == "ServiceMonitor" else "podMetricsEndpoints"]
    return endpoint


@pytest.fixture(scope="module")
def servers(programs, kubeconfig, start, folder):
    """A server of each case; (port, endpoint of its ServiceMonitor)."""
    made = {}
    for case, values in CASES.items():
        objects = render({**values, "monitoring": {"scrapeInterval": "1s", **values.get("monitoring", {})}}, *OPERATOR)
        own, port = folder / case, free_port()
        own.mkdir()
        write_secrets(objects, own)
        start(own / "server.log", programs["meshcheck-server"], *server_arguments(objects, own, port), "-kubeconfig", kubeconfig)
        made[case] = port, endpoint_of(objects)
    return made


@pytest.fixture(scope="module")
def ask(servers, start, folder):
    """One Prometheus that scrapes all servers, and how to ask it."""
    configs = {case: scrape_config(case, endpoint, folder / case, port) for case, (port, endpoint) in servers.items()}
    jobs = [*configs.values(), *(lacks(configs[case], field, keys) for case, field, keys in LACKING)]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump({"scrape_configs": jobs}))
    must(program("promtool"), "check", "config", folder / "prometheus.yaml")
    port = free_port()
    start(folder / "prometheus.log", program("prometheus"), f"--config.file={folder}/prometheus.yaml",
          f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}")
    return lambda expression: query(port, expression)


@pytest.mark.parametrize("case", CASES)
def test_prometheus_scrapes_by_the_service_monitor(ask, folder, case):
    wait_for(lambda: [value for _, value in ask(f'up{{job="{case}"}}')] == ["1"],
             lambda: f"up to be 1; {(folder / case / 'server.log').read_text()}{(folder / 'prometheus.log').read_text()}")
    assert ask(f'meshcheck_build_info{{job="{case}"}}')


@pytest.mark.parametrize("case", sorted({case for case, _, _ in LACKING}))
def test_it_does_not_when_a_part_is_missing(ask, case):
    count = sum(case == one for one, _, _ in LACKING)
    wait_for(lambda: [value for _, value in ask(f'up{{job=~"{case} without.*"}}')] == ["0"] * count, "up to be 0")


def test_labels_are_changed_as_values_say(ask):
    wait_for(lambda: ask('up{job="relabelled",cluster="one"}'), "the label of the relabeling")
    assert {labels["__name__"] for labels, _ in ask('{job="relabelled",__name__=~"meshcheck.*"}')} == {"meshcheck_build_info"}


def test_values_take_the_place_of_what_the_chart_says():
    values = {"tls": {"mutual": True}, "auth": {"read": "kubernetes"}, "monitoring": {
        "tlsConfig": {"insecureSkipVerify": True}, "authorization": {"credentials": {"name": "a", "key": "b"}}}}
    endpoint = endpoint_of(render(values, *OPERATOR))
    assert endpoint["tlsConfig"] == {"insecureSkipVerify": True}
    assert endpoint["authorization"] == {"credentials": {"name": "a", "key": "b"}} and "bearerTokenFile" not in endpoint

# Has the Secrets as folders of the working directory, and the token of the account.
KUBECTL = r"""#!/bin/bash
case "$*" in
  *port-forward* | "create clusterrolebinding "* | *"create serviceaccount"*) ;;
  *"create token"*) cat own-token ;;
  "-n meshcheck get secret "*) key=${7#*.data.}; key=${key%\}}; base64 -w0 "$5/${key//\\/}" ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"""


def notes(values):
    text = must(program("helm"), "install", "meshcheck", CHART, "--namespace", "meshcheck", "--values", "-", "--dry-run=client",
                stdin=json.dumps(values))
    return text.partition("\nNOTES:\n")[2]


@pytest.mark.parametrize("service", ["ClusterIP", "NodePort", "LoadBalancer"])
@pytest.mark.parametrize("case", CASES)
def test_what_the_notes_say_to_ask_is_answered(servers, folder, case, service):
    port, _ = servers[case]
    text = notes(merged(CASES[case], {"server": {"service": {"type": service}}}))
    script = "".join(line for line in text.splitlines(keepends=True) if line.startswith("  "))
    place = {"ClusterIP": "127.0.0.1:8081", "NodePort": "NODE:31081", "LoadBalancer": "BALANCER:8081"}[service]
    assert place in script and ("port-forward" in script) == (service == "ClusterIP")
    (folder / case / "kubectl").write_text(KUBECTL)
    (folder / case / "kubectl").chmod(0o755)
    path = f"{folder / case}:{os.environ['PATH']}"

    said = []

    def answer():
        ended = run("env", "-C", folder / case, f"PATH={path}", "bash", "-euc", script.replace(place, f"{POD_ADDRESS}:{port}"))
        said.append(ended.stdout + ended.stderr)
        return '"Message"' in ended.stdout
    wait_for(answer, lambda: f"an answer to {script}, got {said[-1]}")


def test_the_notes_say_what_is_amiss():
    assert "No registry has the image meshcheck:0.1.0" in notes({})
    assert "No registry" not in notes({"image": {"repository": "registry.example/meshcheck"}})
    ingress = {"server": {"ingress": {"enabled": True, "host": "a.example"}}}
    assert "Whoever reaches the Ingress may read everything" in notes(ingress) and "Whoever reaches" not in notes({})
    assert "Whoever reaches the load balancer may" in notes({"server": {"service": {"type": "LoadBalancer"}}})
    assert "--set probePort=8863" in notes({}) and "--set probePort" not in notes({"agentHostnet": {"enabled": False}})


def test_promtool_takes_the_documented_scrape_config(tmp_path):
    (block,) = re.findall(r"^```yaml\n(scrape_configs:.*?)^```$", (ROOT / "doc" / "operate" / "prometheus.md").read_text(),
                          re.MULTILINE | re.DOTALL)
    (tmp_path / "prometheus.yaml").write_text(block)
    must(program("promtool"), "check", "config", "--syntax-only", tmp_path / "prometheus.yaml")
    (job,) = yaml.safe_load(block)["scrape_configs"]
    endpoint = endpoint_of(render(MUTUAL | BY_RIGHT, *OPERATOR))
    assert job["scheme"] == endpoint["scheme"] and job["authorization"]["credentials_file"] == endpoint["bearerTokenFile"]
    assert job["static_configs"][0]["targets"] == [endpoint["tlsConfig"]["serverName"] + ":8081"]
