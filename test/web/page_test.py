"""The page in a real browser, with the real server and the real agents on the lab's network."""

import datetime
import json
import pathlib
import re
import signal
import subprocess
import sys
import urllib.parse

import pytest

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / folder) for folder in ("lab", "server")]
from lab import Lab, usable  # pylint: disable=wrong-import-position
from mesh import NOT_BUILT, SERVER, Mesh  # pylint: disable=wrong-import-position
from verdict_rows import DNS_NAME  # pylint: disable=wrong-import-position
from waiting import eventually  # pylint: disable=wrong-import-position
from browser import Browser, BrowserError  # pylint: disable=wrong-import-position

URL = "http://127.0.0.1:8081/"
DASHBOARD = "https://grafana.example/d/meshcheck?orgId=2"
HEADLINE = ".headline h1"
NO_LAB = usable()

pytestmark = [pytest.mark.skipif(not SERVER.is_file(), reason=NOT_BUILT),
              pytest.mark.skipif(NO_LAB is not None, reason=f"no lab can be made: {NO_LAB}")]


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with Lab(nodes=4) as lab:
        mesh = Mesh(lab, tmp_path_factory.mktemp("mesh"), options=["-sla-target", "0.999", "-dns", DNS_NAME, "-dashboard-url", DASHBOARD])
        assert mesh.healthy(), (mesh.folder / "server.log").read_text()
        yield mesh


@pytest.fixture(scope="module")
def window(mesh):
    """In the server's namespace, which reaches nothing but the lab."""
    browser = Browser(lambda command, **options: mesh.lab.popen("server", *command, **options))
    yield browser
    browser.close()


@pytest.fixture
def browser(window):
    window.open(url=URL)
    yield window
    assert [text for text in window.complaints() if "Failed to load resource" not in text] == []
    assert [url for url in window.requested() if not url.startswith(URL) and not url.startswith("data:")] == []


def changes(mesh):
    return int(re.search(r"^meshcheck_grid_changes (\d+)$", mesh.get("/metrics")[1], re.MULTILINE)[1])


def fine(browser, seconds=30):
    return browser.shows("The network is fine.", of=HEADLINE, seconds=seconds)


def test_a_healthy_mesh_is_said_to_be_fine(browser):
    assert fine(browser), browser.text()
    assert browser.shows("4 nodes", of="section[aria-label=Nodes] h2")
    assert eventually(lambda: browser.count(of="a.node.up") == 4, 20), browser.text()
    assert browser.shows("Data is ", of=".live.live")
    assert browser.attribute(of="a:has-text('Dashboard in Grafana')", name="href") == DASHBOARD
    assert browser.complaints() == []
    assert browser.axe() == []


def test_a_cut_node_is_named_with_its_command_and_is_fine_again(mesh, browser):
    assert fine(browser)
    assert eventually(lambda: mesh.get("/api/v1/mesh/grid?at=0s")[0] == 200, 10), "past times are remembered"
    mesh.lab.fault("link-down", 2)
    try:
        assert browser.shows("node-2", of=HEADLINE, seconds=30), browser.text()
        assert browser.shows("since", of=".headline p")
        assert browser.count(of=".headline.critical") == 1
        assert browser.shows("node-2", of=".verdict.critical code")
        assert eventually(lambda: browser.count(of="a.node.down") >= 1, 20), browser.text()
        assert browser.shows("down", of="details.failing table")
        assert browser.axe() == []
        # Three nodes do not reach it on two networks.
        assert eventually(lambda: changes(mesh) >= 6, 15), f"{changes(mesh)} changes are remembered"
        mesh.cut_at = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    finally:
        mesh.lab.heal()
    assert fine(browser, 90), browser.text()
    assert browser.shows("ago", of=".headline p"), "it says since when"


def states_of_the_table(browser):
    return browser.evaluate(code="""[...document.querySelectorAll('details.failing tbody tr')]
        .map((row) => [...row.querySelectorAll('td')].slice(0, 3).map((cell) => cell.textContent).join(' ')).sort()""")


def test_faults_at_once_are_named_each(mesh, browser):
    """The network's: of what is around the nodes, and then of what is between them."""
    assert fine(browser)
    for line in (("gateway-down", 1), ("server-unreachable", 2), ("dns-down",)):
        mesh.lab.fault(*line)
    try:
        for sentence, command in (("Gateway of node-1 on the host network does not answer", "ip route show default"),
                                  ("Server is unreachable from node-2", "kubectl get pods"),
                                  (f"Name look-ups of {DNS_NAME} fail", "kubectl -n kube-system get pods")):
            assert browser.shows(command, of=f"li.verdict:has-text('{sentence}')", seconds=30), browser.text()
    finally:
        mesh.lab.heal()
    assert fine(browser, 60), browser.text()
    mesh.lab.fault("pod-network-down", 1)
    mesh.lab.fault("one-way-drop", 3, 4, "host")
    mesh.stop_agent(2, "host", signal.SIGKILL)
    try:
        for sentence in ("Pod network of node-1 is broken", "No packets pass from node-3 to node-4 on the host network",
                         "Agent netchecker-agent-hostnet-2 on node-2 is down"):
            assert browser.shows(sentence, of="ul.verdicts", seconds=30), browser.text()
        # And the path of a pod to the agent on its host that was killed.
        cells = sorted(f"node-{a} node-{b} down" for a, b in ((2, 2), (1, 2), (2, 1), (1, 3), (3, 1), (1, 4), (4, 1)))
        assert eventually(lambda: states_of_the_table(browser) == cells, 20), states_of_the_table(browser)
        browser.open(url=URL + "#/now?layer=host")
        assert eventually(lambda: {"node-3 node-4 down", "node-4 node-3 down"} <= set(states_of_the_table(browser)), 20), browser.text()
    finally:
        mesh.start_agent(2, "host")
        mesh.lab.heal()
    assert fine(browser, 60), browser.text()
    assert eventually(lambda: states_of_the_table(browser) == [], 20), states_of_the_table(browser)


def test_a_past_time_is_shown_and_called_so(mesh, browser):
    """The cut node of the test before: its verdict has a link to the mesh of then."""
    browser.open(url=URL + "#/events")
    assert browser.shows("mesh of then", of="ul.verdicts li:has-text('node-2')"), browser.text()
    browser.click(of="ul.verdicts li:has-text('node-2') a:has-text('mesh of then')")
    assert browser.shows("not now", of=".past h1"), browser.text()
    assert "#/now?at=" in browser.url()
    assert browser.shows("node-2", of="ul[aria-label='Verdicts of then']"), browser.text()
    browser.open(url=URL + "#/now?at=" + urllib.parse.quote(mesh.cut_at))
    assert eventually(lambda: browser.count(of="a.node.down") >= 1, 10), browser.text()
    assert browser.axe() == []
    browser.click(of=".past a")
    assert fine(browser), browser.text()
    browser.open(url=URL + "#/now?at=2020-01-01T00:00:00Z")
    assert browser.shows("verdicts are known since", of="main"), browser.text()


def test_the_keyboard_reads_a_pair_both_ways(browser):
    assert fine(browser)
    frame = ".heatmap .frame"
    browser.press(of=frame, key="ArrowRight")
    browser.press(of=frame, key="ArrowRight")
    assert browser.shows("node-1 to node-2: up", of=".says"), browser.text(of=".says")
    assert browser.shows("; back: up", of=".says")
    browser.press(of=frame, key="Enter")
    assert browser.shows("node-1", of="main h1")
    assert browser.shows("Other nodes", of="main")
    assert "#/node/node-1" in browser.url()
    assert eventually(lambda: browser.count(of="table.paths tbody tr") >= 3, 15)
    assert browser.axe() == []


def test_the_skip_link_leads_to_the_content_of_the_same_view(browser):
    browser.open(url=URL + "#/events")
    assert browser.shows("Events", of="main h1")
    browser.press(key="Tab")
    browser.press(key="Enter")
    assert browser.evaluate(code="document.activeElement.id") == "main"
    assert browser.shows("Events", of="main h1") and browser.url().endswith("#/events")
    browser.open(url=URL + "#/constructor")
    assert browser.shows("There is no such view.", of="main")


def test_a_link_shows_another_person_the_same(browser):
    browser.open(url=URL + "#/now?layer=host&metric=rtt&failing=1")
    assert browser.shows("No pair fails.", of="main"), browser.text()
    for name in ("layer", "metric"):
        checked = browser.evaluate(code=f"document.querySelector('input[name={name}]:checked').parentElement.innerText")
        assert checked == {"layer": "hosts", "metric": "Round trip"}[name]


def test_an_agent_that_is_silent_is_named(mesh, browser):
    assert fine(browser)
    mesh.stop_agent(3, "host")
    try:
        assert browser.shows("netchecker-agent-hostnet-3", seconds=30), browser.text()
    finally:
        mesh.start_agent(3, "host")
    assert fine(browser, 60), browser.text()


def test_a_server_that_starts_anew_is_followed(mesh, browser):
    assert fine(browser)
    mesh.server.terminate()
    mesh.server.wait(10)
    try:
        assert browser.shows("The server does not answer", of=".live", seconds=30), browser.text(of=".live")
        assert browser.shows("Reconnecting in", of=".live")
    finally:
        mesh.start_server()
    assert eventually(lambda: "does not answer" not in browser.text(of=".live"), 60), browser.text(of=".live")
    assert fine(browser, 60), browser.text()
    browser.complaints()  # The browser's own, of a server that was away.


def test_a_downtime_is_added_and_ended(browser):
    browser.open(url=URL + "#/availability?range=1h")
    assert browser.shows("None is known.", of="section[aria-label=Downtimes]"), browser.text()
    browser.click(of="section[aria-label=Downtimes] summary")
    browser.fill(of="input[name=end]", value="2036-01-01T03:00")
    # The list is read anew, and what was typed stays.
    browser.evaluate(code="document.dispatchEvent(new Event('visibilitychange'))")
    browser.fill(of="input[name=description]", value="new <switches>")
    assert browser.evaluate(code="document.querySelector('input[name=end]').value") == "2036-01-01T03:00"
    browser.click(of="form.form button[type=submit]")
    assert browser.shows("new <switches>", of="ul.downtimes"), browser.text()
    browser.click(of="ul.downtimes button")
    assert eventually(lambda: browser.count(of="ul.downtimes button") == 0, 10), browser.text()
    assert browser.axe() == []


def test_events_keep_what_ended(mesh, browser):
    assert eventually(lambda: json.loads(mesh.get("/api/v1/verdicts?since=1h")[1])["verdicts"], 5), "the cut node's"
    browser.open(url=URL + "#/events")
    assert browser.shows("node-2", of="ul.verdicts"), browser.text()
    browser.click(of=".verdict .sentence a")
    assert browser.shows("All of the last week")
    assert "#/events?id=" in browser.url()
    assert browser.axe() == []


def test_graphs_show_a_node_over_time(browser):
    browser.open(url=URL + "#/node/node-1")
    assert browser.shows("Round trip", of="section[aria-label='Over time']", seconds=20), browser.text()
    assert browser.count(of=".graph canvas") == 3
    (trips, _, paths) = [browser.evaluate(code=f"document.querySelectorAll('.graph .plot')[{place}].ariaLabel")
                         for place in range(3)]
    assert " ms" in trips and "not measured" not in trips, trips
    assert "up " in paths, paths
    # Something is drawn: not all of the canvas is of one colour.
    assert browser.evaluate(code="""(() => {
        const canvas = document.querySelector('.graph canvas');
        return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size;
    })()""") > 2
    assert browser.attribute(of="a:has-text('node-1 in Grafana')", name="href") == DASHBOARD + "&var-node=node-1"
    browser.press(of=".graph .plot", key="ArrowLeft")
    browser.press(of=".graph .plot", key="ArrowLeft")
    assert browser.shows("median ", of=".graph figcaption"), browser.text(of=".graph")
    browser.evaluate(code="document.querySelectorAll('input[name=range]')[1].click()")
    assert eventually(lambda: browser.url().endswith("#/node/node-1?range=6h"), 5), browser.url()
    assert browser.axe() == []


def test_the_public_page_names_no_node(browser):
    browser.open(url=URL + "status")
    assert browser.shows("No Data", of="h1") or browser.shows("Operational", of="h1")
    assert "node-" not in browser.text()
    assert browser.axe() == []


def test_a_token_is_asked_for_and_never_in_a_url(mesh, window, tmp_path):
    token = tmp_path / "token"
    token.write_text("a-token-of-sixteen-bytes\n")
    server = mesh.lab.popen("server", SERVER, "-endpoint", "127.0.0.1:8082", "-db", "", "-read-auth", "token",
                            "-read-token-file", token, stderr=subprocess.DEVNULL)
    try:
        def answers():
            try:
                window.open(url="http://127.0.0.1:8082/")
            except BrowserError:
                return False
            return True
        assert eventually(answers, 10)
        assert window.shows("A token is needed", of="main h1"), window.text()
        assert window.axe() == []
        window.fill(of="input[name=token]", value="another-token-of-many-bytes")
        window.click(of="form.login button")
        assert eventually(lambda: window.count(of="form.login") == 1 and window.text(of=".login .error") != "", 10)
        window.fill(of="input[name=token]", value=token.read_text().strip())
        window.click(of="form.login button")
        assert window.shows("", of=HEADLINE), window.text()
        assert window.count(of="form.login") == 0
        assert eventually(lambda: window.count(of=".live.live") == 1, 10), "the stream begins anew with the token"
        assert not [url for url in window.requested() if "sixteen" in url]
    finally:
        server.terminate()


@pytest.mark.parametrize("name,options", [("light", {}), ("dark", {"dark": True}),
                                          ("phone", {"width": 390, "height": 844})])
def test_it_fits_the_screen(browser, name, options):
    browser.open(url=URL, **options)
    assert fine(browser)
    assert browser.evaluate(code="document.documentElement.scrollWidth <= window.innerWidth"), name
    assert browser.axe() == []
