"""Debian's Chromium, driven by web/test/browser.mjs."""

import json
import pathlib
import subprocess

from waiting import eventually

WEB = pathlib.Path(__file__).resolve().parents[2] / "web"
DRIVER = WEB / "test" / "browser.mjs"


class BrowserError(Exception):
    """A command that could not be done; the text is Playwright's."""


class Browser:
    """`popen` starts a program where the browser is to be: subprocess.Popen, or a lab's with a place."""

    def __init__(self, popen=subprocess.Popen, node="node"):
        self.process = popen([node, str(DRIVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __getattr__(self, command):
        return lambda **options: self._do(command, options)

    def _do(self, command, options):
        self.process.stdin.write(json.dumps({"command": command, **options}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise BrowserError(answer["error"])
        return answer["value"]

    def shows(self, text, of="body", seconds=15):
        """Whether a person reads that there, sooner or later."""
        def read():
            return self.count(of=of) > 0 and text in self.text(of=of)
        return eventually(read, seconds)

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
