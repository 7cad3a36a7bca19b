"""tools/tidy.py finds what it is there to find."""
import pathlib
import subprocess
import sys

import pytest

TIDY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tidy.py"

CASES = [
    ("mesh/a.cc", '#include "lib/uv/loop.h"\n', "no arrow from mesh to lib/uv"),
    ("lib/base/a.cc", '#include "server/api.h"\n', "no arrow from lib/base to server"),
    ("lib/http/a.cc", '#include "lib/netlink/link.h"\n', "no arrow from lib/http to lib/netlink"),
    ("agent/main.cc", '#include "lib/http/client.h"\n', "no arrow from agent to lib/http"),
    ("server/a.cc", "#include <uv.h>\n", "uv.h belongs to lib/uv alone"),
    ("server/a.cc", '#include "api.h"\n', "includes are written from the root"),
    ("server/a.h", "#pragma once\n", "the first line has to say"),
    ("server/a.h", "// A thing.\n", "no #pragma once"),
    ("server/a.cc", "std::this_thread::sleep_for(x);\n", "do not sleep"),
    ("server/a.cc", "std::shared_ptr<int> p;\n", "no shared_ptr"),
    ("server/a.cc", "\n" * 501, "501 lines; 500 are allowed"),
]


def run_tidy(tree, path, text):
    subprocess.run(["git", "init", "-q", tree], check=True)
    file = tree / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return subprocess.run([sys.executable, TIDY, tree], capture_output=True, text=True)


@pytest.mark.parametrize("path,text,message", CASES)
def test_refuses(tmp_path, path, text, message):
    result = run_tidy(tmp_path, path, text)
    assert result.returncode == 1
    assert message in result.stdout


def test_accepts_an_arrow_that_exists(tmp_path):
    result = run_tidy(tmp_path, "lib/http/a.cc", '#include "lib/uv/loop.h"\n#include <llhttp.h>\n')
    assert (result.returncode, result.stdout) == (0, "tidy: 0 breaches\n")
