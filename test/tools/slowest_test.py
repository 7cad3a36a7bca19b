"""tools/slowest reads what ctest leaves."""
import pathlib
import subprocess
import sys

SLOWEST = pathlib.Path(__file__).resolve().parents[2] / "tools" / "slowest"


def section(number, name, seconds, output=""):
    return (f"{number}/3 Testing: {name}\n{number}/3 Test: {name}\nCommand: \"true\"\nOutput:\n{output}<end of output>\n"
            f"Test time = {seconds:6.2f} sec\n----\nTest Passed.\n\"{name}\" time elapsed: 00:00:01\n----\n\n")


def slowest(folder, text, *arguments):
    (folder / "Testing" / "Temporary").mkdir(parents=True)
    (folder / "Testing" / "Temporary" / "LastTest.log").write_text("Start testing\n----\n" + text)
    return subprocess.run([sys.executable, SLOWEST, folder, *arguments], capture_output=True, text=True, check=True).stdout


def test_the_slowest_come_first_and_only_so_many(tmp_path):
    told = slowest(tmp_path, section(1, "uv", 3.5) + section(2, "lab.loss", 120.25) + section(3, "fuzz.dns", 0.01), "2")
    assert told.splitlines()[:3] == ["slowest tests:", "   120.2 s  lab.loss", "     3.5 s  uv"]
    assert "fuzz.dns" not in told


def test_what_pytest_tells_is_shown_too(tmp_path):
    durations = "12.34s call     lab/loss_test.py::test_a[1-40]\n34.50s setup    lab/loss_test.py::test_a[1-40]\n"
    told = slowest(tmp_path, section(1, "lab.loss", 50, durations))
    assert told.splitlines()[-2:] == ["    34.5 s  lab/loss_test.py::test_a[1-40] (setup)", "    12.3 s  lab/loss_test.py::test_a[1-40]"]
