"""tools/tidy.py finds what it is there to find: each rule is broken in a tree of its own."""
import importlib.util
import pathlib
import subprocess
import sys

import pytest

TIDY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tidy.py"

spec = importlib.util.spec_from_file_location("tidy", TIDY)
tidy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tidy)

CASES = [
    ("server/a.cc", '#include "api.h"\n', "includes are written from the root"),
    ("server/a.h", "#pragma once\n", "the first line has to say"),
    ("server/a.h", "// A thing.\n", "no #pragma once"),
    ("server/a.h", "// A.\n#pragma once\nnamespace meshcheck::agent {\n", "the namespace of server is meshcheck::server"),
    ("mesh/sla/a.h", "// A.\n#pragma once\nnamespace meshcheck::mesh {\n", "mesh/sla is meshcheck::sla"),
    ("server/a.cc", "std::this_thread::sleep_for(x);\n", "do not sleep"),
    ("server/a.cc", "usleep(1);\n", "do not sleep"),
    ("server/a_test.cc", "  sleep(1);\n", "do not sleep"),
    ("server/a.cc", "std::shared_ptr<int> p;\n", "no shared_ptr"),
    ("server/a.cc", "f();  // FIXME\n", "does not land"),
    ("server/a.cc", "f();  // TODO(now)\n", "does not land"),
    ("server/a_test.cc", "GTEST_SKIP();\n", "says why"),
    ("server/a_test.cc", "TEST(A, DISABLED_Works) {}\n", "says why"),
    ("server/a.cc", "\n" * (tidy.LINES_MAX + 1), f"{tidy.LINES_MAX} are allowed"),
    ("test/a_test.py", "\n" * (tidy.LINES_MAX + 1), f"{tidy.LINES_MAX} are allowed"),
    ("test/lab/a_test.py", "import time\n\ntime.sleep(2)\n", "a_test.py:3: time.sleep"),
    ("test/lab/a.py", "def f():\n    while not g():\n        time.sleep(1)\n", "a.py:3: time.sleep"),
    ("test/lab/a.py", "from time import monotonic, sleep\n", "a.py:1: time.sleep"),
    ("test/lab/a.py", "import time as clock\n", "a.py:1: time.sleep"),
    ("test/lab/a.py", "wait = time.sleep\n", "a.py:1: time.sleep"),
    ("bench/a", "#!/usr/bin/python3\nimport time\ntime.sleep(SECONDS)\n", "bench/a:3: time.sleep"),
]
ACCEPTED = [
    ("lib/http/a.cc", '#include "lib/uv/loop.h"\n#include <llhttp.h>\n'),
    ("server/a.h", "// A thing.\n#pragma once\n"),
    ("lib/base/a.h", "// A thing.\n#pragma once\nnamespace meshcheck {\n"),
    ("lib/store/sqlite/a.h", "// A thing.\n#pragma once\nnamespace meshcheck::store::sqlite {\n"),
    ("mesh/table/a.h", "// A thing.\n#pragma once\nnamespace meshcheck::mesh::testing {\n"),
    ("server/a.cc", "// sleep(1), which is text.\n" + "\n" * (tidy.LINES_MAX - 1)),
    ("test/waiting.py", "import time\n\ntime.sleep(0.02)\n"),
    ("test/a.py", 'import time\n\nCOMMAND = "time.sleep(1)"  # time.sleep(1)\ntime.monotonic()\n'),
    ("tools/a.py", "import time\n\ntime.sleep(0.02)\n"),
    ("bench/a", "#!/bin/bash\nsleep 1\n"),
]
ROOMS = sorted(tidy.ARROWS)


def is_file(room):
    return room in ("agent/config", "agent/server_access")


def source_of(room, name="a"):
    return f"{room}.cc" if is_file(room) else f"{room}/{name}.cc"


def header_of(room):
    return f"{room}.h" if is_file(room) else f"{room}/a.h"


def run_tidy(tree, files):
    subprocess.run(["git", "init", "-q", tree], check=True)
    for path, text in files:
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return subprocess.run([sys.executable, TIDY, tree], capture_output=True, text=True)


@pytest.mark.parametrize("path,text,message", CASES)
def test_refuses(tmp_path, path, text, message):
    result = run_tidy(tmp_path, [(path, text)])
    assert result.returncode == 1 and result.stdout.endswith("tidy: 1 breaches\n")
    assert message in result.stdout


@pytest.mark.parametrize("path,text", ACCEPTED)
def test_accepts(tmp_path, path, text):
    result = run_tidy(tmp_path, [(path, text)])
    assert (result.returncode, result.stdout) == (0, "tidy: 0 breaches\n")


@pytest.mark.parametrize("home", ROOMS)
def test_refuses_each_arrow_that_is_not_listed(tmp_path, home):
    """One file that includes all other rooms: those that it may include are accepted."""
    others = [there for there in ROOMS if there != home]
    text = "".join(f'#include "{header_of(there)}"\n' for there in others)
    result = run_tidy(tmp_path, [(source_of(home), text)])
    listed = [there for there in others for arrow in tidy.ARROWS[home] if there == arrow or there.startswith(arrow + "/")]
    expected = {f"no arrow from {home} to {there}" for there in others if there not in listed}
    assert {line.partition(": ")[2] for line in result.stdout.splitlines()[:-1]} == expected
    assert result.returncode == (1 if expected else 0)


def test_lets_tests_of_a_program_put_its_rooms_together(tmp_path):
    result = run_tidy(tmp_path, [("server/mesh/a_test.cc", '#include "server/parts.h"\n#include "lib/testing/loop.h"\n')])
    assert result.stdout == "tidy: 0 breaches\n"
    result = run_tidy(tmp_path, [("server/mesh/a_test.cc", '#include "agent/agent.h"\n')])
    assert "no arrow from server/mesh to agent" in result.stdout


def test_keeps_fakes_out_of_programs(tmp_path):
    result = run_tidy(tmp_path, [("agent/sla/a.cc", '#include "lib/testing/loop.h"\n')])
    assert "no arrow from agent/sla to lib/testing" in result.stdout


def test_has_no_arrow_upwards(monkeypatch):
    assert list(tidy.arrows_upwards()) == []
    monkeypatch.setitem(tidy.ARROWS, "server/agents", ["server/store"])
    assert list(tidy.arrows_upwards()) == ["tools/tidy.py: the arrow from server/agents to server/store points upwards"]


@pytest.mark.parametrize("header", tidy.HIDDEN)
def test_refuses_each_hidden_header_elsewhere(tmp_path, header):
    owners = tidy.HIDDEN[header].split()
    result = run_tidy(tmp_path, [(source_of(home), f"#include <{header}>\n") for home in ROOMS])
    refused = {line.partition(":1: ")[0] for line in result.stdout.splitlines()[:-1]}
    allowed = {source_of(room) for room in ROOMS if f"{room}/".startswith(tuple(f"{owner}/" for owner in owners))}
    assert refused == {source_of(room) for room in ROOMS} - allowed and allowed
    assert f"{header} belongs to {' and '.join(owners)} alone" in result.stdout
