"""Behind a proxy that cuts a prefix off, as an Ingress with a path does: page and redirects lead to where the client is."""

import html.parser
import subprocess
import urllib.parse
import urllib.request

import pytest

from loopback import free_port
from server import payload
from waiting import wait_for

PREFIX = "/checks/mesh/"
CONFIG = """
daemon off; master_process off; error_log {directory}/error.log; pid {directory}/pid;
events {{ }}
http {{
  access_log off; merge_slashes off;
  client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
  uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location {prefix} {{ proxy_pass http://127.0.0.1:{server}/; proxy_redirect off; }}
    location / {{ return 418; }}
  }}
}}
"""


class Links(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src", "action") and value != "data:,"]


@pytest.fixture
def proxy(launch, tmp_path):
    """The server behind nginx, and the address at which clients see its root."""
    server = launch("-db", "")
    assert server.post(payload("a b"), "a%20b").status == 200
    port = free_port()
    config = tmp_path / "nginx.conf"
    config.write_text(CONFIG.format(directory=tmp_path, port=port, prefix=PREFIX, server=server.port))
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", config, "-p", tmp_path], stderr=subprocess.PIPE)
    root = f"http://127.0.0.1:{port}{PREFIX}"

    def serves():
        try:
            return fetch(root + "healthz")[0] == 200
        except OSError:
            assert nginx.poll() is None, nginx.stderr.read()
            return False

    try:
        wait_for(serves, "nginx")
        yield root
    finally:
        nginx.terminate()
        nginx.wait(20)


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, answer.url, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.url, error.read().decode()


def test_the_page_links_to_what_is_behind_the_proxy(proxy):
    status, url, page = fetch(proxy)
    links = Links(page).found
    assert status == 200 and len(links) >= 4
    for link in links:
        target = urllib.parse.urljoin(url, link)
        assert target.startswith(proxy), link
        assert fetch(target)[0] == 200, link


@pytest.mark.parametrize("path, right", [
    ("api/v1/agents", "api/v1/agents/"), ("API/v1/Ping/?size=1", "api/v1/ping?size=1"), ("Metrics", "metrics"),
    ("metrics/", "metrics"), ("api/v1/agents/a%20b/", "api/v1/agents/a%20b"),
    ("api/v1/agents/a%20b/Paths", "api/v1/agents/a%20b/paths"),
])
def test_redirects_stay_behind_the_proxy(proxy, path, right):
    status, url, _ = fetch(proxy + path)
    assert (status, url) == (200 if "paths" not in path.lower() else status, proxy + right)
    assert status in (200, 404)
