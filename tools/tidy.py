#!/usr/bin/python3
"""Rules of the house that no compiler checks. Prints each breach as FILE:LINE: what; exits 1."""
import ast
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
LINES_MAX = 500

# Which folder may include which. An arrow that is not here is refused.
ARROWS = {
    "lib/base": [],
    "lib/testing": ["lib/base", "lib/uv", "lib/http", "lib/kube", "lib/netlink", "lib/store"],
    "lib/flags": ["lib/base"],
    "lib/metrics": ["lib/base"],
    "lib/uv": ["lib/base"],
    "lib/http": ["lib/base", "lib/uv"],
    "lib/kube": ["lib/base", "lib/uv", "lib/http"],
    "lib/netlink": ["lib/base", "lib/uv"],
    "lib/store": ["lib/base", "lib/uv"],
    "mesh": ["lib/base"],
    "probe": ["lib/base", "lib/uv", "lib/http", "mesh"],
    "checks": ["lib/base", "lib/uv", "lib/http", "lib/kube", "mesh", "probe"],
    "agent": ["lib/base", "checks", "lib/flags", "lib/uv", "lib/http", "lib/kube", "lib/netlink", "lib/store",
                  "mesh", "probe"],
    "agent-hostnet": ["agent"],
    "server": ["lib/base", "lib/flags", "lib/metrics", "lib/uv", "lib/http", "lib/kube", "lib/store",
               "mesh"],
    "smoke-mini": ["lib/base", "lib/flags", "lib/uv", "lib/http", "lib/kube", "checks"],
    "fuzz": ["lib/base", "checks", "lib/flags", "lib/http", "lib/kube", "lib/netlink", "mesh", "probe",
             "server"],
}
# Third-party headers that one folder, or a few, hide from all others.
HIDDEN = {"uv.h": "lib/uv", "llhttp.h": "lib/http", "curl/curl.h": "lib/http", "sqlite3.h": "lib/store",
          "libmnl/libmnl.h": "lib/netlink", "simdjson.h": "mesh lib/kube", "CLI/CLI.hpp": "lib/flags",
          "openssl/evp.h": "mesh", "openssl/ssl.h": "lib/http lib/testing", "ares.h": "probe",
          "openssl/crypto.h": "mesh server", "openssl/hmac.h": "mesh", "yaml-cpp/yaml.h": "lib/flags lib/kube server",
          "nlohmann/json.hpp": "lib/flags lib/kube lib/testing checks mesh server smoke-mini fuzz"}
BANNED = {r"\bsleep_for\b|\busleep\(|\bsleep\(": "tests and programs do not sleep",
          r"\bshared_ptr\b": "one owner: no shared_ptr",
          r"\bFIXME\b|TODO\((?:now)?\)": "does not land",
          r"GTEST_SKIP\(\);|\bDISABLED_": "a skipped test says why"}
# Python of these folders waits with the one file that may sleep.
WAITING = "test/waiting.py"
WAITS_BY_IT = ("test/", "bench/")


def folder_of(path: str) -> str | None:
    return max((name for name in ARROWS if path.startswith(name + "/")), key=len, default=None)


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
    home = folder_of(path)
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
        if kind == "<" and home not in HIDDEN.get(target, home).split():
            yield number, f"{target} belongs to {HIDDEN[target].replace(' ', ' and ')} alone"
        elif kind == '"':
            there = folder_of(target)
            if there is None:
                yield number, f'"{target}": includes are written from the root'
            elif there == "lib/testing" and path.endswith(("_test.cc", "_testing.h", "test/kube/real_api.h")):
                continue  # Fakes are for tests, from wherever they are.
            elif there != home and there not in ARROWS[home]:
                yield number, f"no arrow from {home} to {there}"


def is_script(path: str) -> bool:
    """Of a folder whose Python waits, without an ending."""
    return path.startswith(WAITS_BY_IT) and "." not in pathlib.PurePath(path).name


def main() -> int:
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=True).stdout.split("\n")
    found = 0
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
