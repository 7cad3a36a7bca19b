#!/usr/bin/python3
"""Rules of the house that no compiler checks. Prints each breach as FILE:LINE: what; exits 1."""
import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
LINES_MAX = 400

# Which room may include which, lowest first; a room is a folder, or a file that stands below its folder's others. An arrow that is
# not here is refused. A name stands for all rooms under it.
ARROWS = {
    "lib/base": [],
    "lib/yaml": ["lib/base"],
    "lib/flags": ["lib/base", "lib/yaml"],
    "lib/metrics": ["lib/base"],
    "lib/uv": ["lib/base"],
    "lib/http": ["lib/base", "lib/uv"],
    "lib/kube": ["lib/base", "lib/yaml", "lib/uv", "lib/http"],
    "lib/netlink": ["lib/base", "lib/uv"],
    "lib/store/driver": ["lib/base"],
    "lib/store/sqlite": ["lib/base", "lib/store/driver"],
    "lib/store": ["lib/base", "lib/uv", "lib/store/driver", "lib/store/sqlite"],
    "lib/testing": ["lib"],
    "lib": [],
    "mesh": [],
    "mesh/stamp": ["lib/base"],
    "mesh/icmp": ["lib/base", "mesh/stamp"],
    "mesh/neighbours": ["lib/base"],
    "mesh/sla": ["lib/base"],
    "mesh/rescheduling": ["lib/base"],
    "mesh/path": ["lib/base", "mesh/stamp"],
    "mesh/pmtu": ["lib/base", "mesh/path"],
    "mesh/report": ["lib/base", "mesh/path", "mesh/pmtu"],
    "mesh/assignment": ["lib/base", "mesh/report"],
    "mesh/table": ["lib/base", "mesh/stamp", "mesh/neighbours", "mesh/path", "mesh/pmtu", "mesh/report", "mesh/assignment"],
    "mesh/history": ["lib/base", "mesh/report", "mesh/table"],
    "mesh/verdict": ["lib/base", "mesh/path", "mesh/pmtu", "mesh/report", "mesh/table"],
    "mesh/simulation": ["lib/base", "mesh/neighbours", "mesh/path", "mesh/pmtu", "mesh/report", "mesh/table", "mesh/verdict"],
    "probe": ["lib/base", "lib/uv", "lib/http", "mesh/stamp", "mesh/icmp", "mesh/path", "mesh/pmtu", "mesh/report"],
    "checks": ["lib/base", "lib/uv", "lib/http", "lib/kube", "mesh/assignment", "mesh/sla", "probe"],
    "checks/kube": ["lib/base", "lib/uv", "lib/http", "lib/kube", "mesh/sla", "checks"],
    "agent/server_address": ["lib/base"],
    "agent/server_access": ["agent/server_address", "lib/base", "lib/uv", "lib/flags", "lib/http"],
    "agent/config": ["lib/base", "lib/yaml", "lib/flags", "lib/http", "mesh/assignment", "mesh/report", "mesh/sla", "agent/server_access"],
    "agent/probing": ["lib/base", "lib/uv", "lib/netlink", "mesh/assignment", "mesh/path", "mesh/pmtu", "mesh/report",
                      "probe", "checks", "agent/config"],
    "agent/reporting": ["lib/base", "lib/uv", "lib/http", "lib/netlink", "mesh/assignment", "mesh/report", "probe",
                        "agent/server_access", "agent/config"],
    "agent/sla": ["lib/base", "lib/uv", "lib/http", "lib/kube", "lib/store", "mesh/sla", "probe", "checks",
                  "agent/server_access", "agent/config"],
    "agent": ["lib/base", "lib/uv", "lib/flags", "lib/http", "mesh/assignment", "mesh/report", "mesh/sla", "agent"],
    "agent-hostnet": ["agent"],
    "server/replies": ["lib/base", "lib/uv", "lib/http", "lib/store"],
    "server/agents": ["lib/base", "lib/yaml", "lib/uv", "lib/metrics", "lib/store", "mesh/report", "mesh/table"],
    "server/auth": ["lib/base", "lib/uv", "lib/flags", "lib/http", "lib/kube", "lib/metrics"],
    "server/mesh": ["lib/base", "lib/flags", "lib/http", "lib/metrics", "lib/store", "mesh/assignment", "mesh/report", "mesh/table"],
    "server/sla": ["lib/base", "lib/yaml", "lib/uv", "lib/flags", "lib/http", "lib/kube", "lib/metrics", "lib/store", "mesh/sla",
                   "server/replies"],
    "server/history": ["lib/base", "lib/uv", "lib/flags", "lib/http", "lib/store", "mesh/history", "mesh/table", "server/replies"],
    "server/cluster": ["lib/base", "lib/uv", "lib/flags", "lib/http", "lib/kube", "lib/metrics", "mesh/report",
                       "mesh/rescheduling", "mesh/verdict", "server/agents"],
    "server/verdicts": ["lib/base", "lib/http", "lib/metrics", "lib/store", "mesh/table", "mesh/verdict", "server/agents",
                        "server/cluster", "server/mesh"],
    "server/store": ["lib/base", "lib/uv", "lib/store", "mesh/report", "mesh/table", "server/agents", "server/mesh",
                     "server/sla", "server/verdicts"],
    "server": ["lib", "mesh", "server"],
    "smoke-mini": ["lib/base", "lib/flags", "lib/uv", "lib/http", "lib/kube", "checks"],
    "meshctl": ["lib/base", "lib/yaml", "lib/uv", "lib/http"],
    "fuzz": ["lib", "mesh", "probe", "checks", "server", "meshctl"],
}
# Third-party headers that one folder, or a few, hide from all others.
HIDDEN = {"uv.h": "lib/uv", "llhttp.h": "lib/http", "curl/curl.h": "lib/http", "sqlite3.h": "lib/store/sqlite",
          "libmnl/libmnl.h": "lib/netlink", "simdjson.h": "mesh lib/kube",
          "openssl/evp.h": "mesh", "openssl/ssl.h": "lib/http lib/testing", "ares.h": "probe",
          "openssl/crypto.h": "mesh server", "openssl/hmac.h": "mesh", "yaml-cpp/yaml.h": "lib/yaml",
          "yaml-cpp/eventhandler.h": "lib/yaml",
          "nlohmann/json.hpp": "lib/yaml lib/kube lib/testing checks mesh server smoke-mini meshctl fuzz",
          "CLI/CLI.hpp": "meshctl", "zlib.h": "lib/http mesh/history meshctl"}
# A header's namespace is its top folder's, and in lib/ its folder's. A room of mesh/ that could be a library of its own,
# a protocol or a way to count, has its own name.
NAMESPACES = {"lib/base": "", "mesh/stamp": "stamp", "mesh/icmp": "icmp", "mesh/sla": "sla", "mesh/verdict": "verdict", "mesh/history": "history",
              "mesh/rescheduling": "rescheduling", "mesh/simulation": "verdict::simulation"}
BANNED = {r"\bsleep_for\b|\busleep\(|\bsleep\(": "tests and programs do not sleep",
          r"\bshared_ptr\b": "one owner: no shared_ptr",
          r"\bFIXME\b|TODO\((?:now)?\)": "does not land",
          r"GTEST_SKIP\(\);|\bDISABLED_": "a skipped test says why"}
# Python of these folders waits with the one file that may sleep.
WAITING = "test/waiting.py"
WAITS_BY_IT = ("test/", "bench/")


def room_of(path: str) -> str | None:
    return max((room for room in ARROWS if path.startswith((room + "/", room + ".", room + "_test."))), key=len,
               default=None)


def namespace_of(room: str) -> str:
    parts = room.split("/")
    own = "::".join(parts[1:]) if parts[0] == "lib" else parts[0].replace("-", "_")
    return "::".join(filter(None, ["meshcheck", NAMESPACES.get(room, own)]))


def may_include(path: str, home: str, there: str) -> bool:
    """Tests may use the fakes, and put together what their program does."""
    if path.endswith(("_test.cc", "_testing.h")):
        if there == "lib/testing" or home.split("/")[0] == there.split("/")[0] != "lib":
            return True
    return there == home or any(there == room or there.startswith(room + "/") for room in ARROWS[home])


def arrows_upwards():
    """An arrow points at rooms above it in the list, and so there is no circle."""
    lower = []
    for room, targets in ARROWS.items():
        for target in targets:
            if target not in lower and not any(known.startswith(target + "/") for known in lower):
                yield f"tools/tidy.py: the arrow from {room} to {target} points upwards"
        lower.append(room)


def is_python(path: str, text: str) -> bool:
    return path.endswith(".py") or re.match(r"#!.*\bpython3?\n", text) is not None


def sleeps(text: str):
    """The lines that call time.sleep, or give it another name."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                yield node.lineno
            case ast.ImportFrom(module="time", names=names) if any(name.name == "sleep" for name in names):
                yield node.lineno
            case ast.Import(names=names) if any(name.name == "time" and name.asname for name in names):
                yield node.lineno


def breaches(path: str, text: str):
    home = room_of(path)
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        yield 1, f"{len(lines)} lines; {LINES_MAX} are allowed"
    if path.startswith(WAITS_BY_IT) and path != WAITING and is_python(path, text):
        for number in sleeps(text):
            yield number, f"time.sleep: {WAITING} has what to wait with"
    if not path.endswith((".cc", ".h")):
        return
    if path.endswith(".h") and "#pragma once" not in lines:
        yield 1, "no #pragma once"
    if path.endswith(".h") and home not in (None, "lib/testing"):
        opened = re.findall(r"^namespace ([\w:]+) \{", text, re.MULTILINE)
        wanted = namespace_of(home)
        if opened and not any(name == wanted or name.startswith(wanted + "::") for name in opened):
            yield 1, f"the namespace of {home} is {wanted}"
    if path.endswith(".h") and not lines[0].startswith("//"):
        yield 1, "the first line has to say what the file is for"
    for number, line in enumerate(lines, 1):
        for pattern, why in BANNED.items():
            if re.search(pattern, line) and not line.lstrip().startswith("//"):
                yield number, why
        include = re.match(r'#include ([<"])(.*)[>"]', line)
        if not include or home is None:
            continue
        kind, target = include.groups()
        if kind == "<" and target in HIDDEN and not path.startswith(tuple(f + "/" for f in HIDDEN[target].split())):
            yield number, f"{target} belongs to {HIDDEN[target].replace(' ', ' and ')} alone"
        elif kind == '"':
            there = room_of(target)
            if there is None:
                yield number, f'"{target}": includes are written from the root'
            elif not may_include(path, home, there):
                yield number, f"no arrow from {home} to {there}"


def is_script(path: str) -> bool:
    """Of a folder whose Python waits, without an ending."""
    return path.startswith(WAITS_BY_IT) and "." not in pathlib.PurePath(path).name


def main() -> int:
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.split("\n")
    found = 0
    for what in arrows_upwards():
        print(what)
        found += 1
    for path in sorted(p for p in listed if p.endswith((".cc", ".h", ".py", ".sh")) or is_script(p)):
        if not (ROOT / path).is_file():
            continue
        for line, what in breaches(path, (ROOT / path).read_text()):
            print(f"{path}:{line}: {what}")
            found += 1
    print(f"tidy: {found} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
