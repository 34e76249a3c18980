"""Headless Chromium, driven over a pipe by its DevTools protocol: no package and no network are needed."""

import base64
import json
import os
import select
import shutil
import subprocess
from contextlib import contextmanager

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--mute-audio")
LONGEST = 60  # seconds without a word from it


@contextmanager
def opened(profile):
    """A context with a `Page` in a browser of its own, whose profile is a new folder."""
    read_by_it, to_it = os.pipe()
    from_it, written_by_it = os.pipe()
    command = [PROGRAM, *OPTIONS, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
    shell = f'exec "$@" 3<&{read_by_it} 4>&{written_by_it}'  # the protocol has the descriptors 3 and 4
    with open(os.devnull, "w") as nothing:
        process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command],
            pass_fds=(read_by_it, written_by_it),
            stdout=nothing,
            stderr=nothing,
        )
    os.close(read_by_it)
    os.close(written_by_it)
    try:
        with open(to_it, "wb") as requests, open(from_it, "rb") as answers:
            yield Page(requests, answers)
    finally:
        process.kill()
        process.wait()


class Page:
    """One page of a browser.

    Attributes:
        complaints: What the console and the scripts have complained of.
        requests: The addresses that were asked for.
    """

    def __init__(self, requests, answers):
        self._requests, self._answers, self._unread = requests, answers, b""
        self._number, self._session = 0, None
        self.complaints, self.requests, self._events = [], [], []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for each in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{each}.enable")

    def send(self, method, **parameters):
        """The result of a command."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._requests.write(json.dumps(message).encode() + b"\0")
        self._requests.flush()
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def look(self, width=1200, height=900, scheme="light"):
        """Show pages in a window of this size from now on, in a colour scheme."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def load(self, path):
        """Load a file and wait until it is loaded."""
        self.visit(path.resolve().as_uri())

    def visit(self, address):
        """Load an address and wait until it is loaded."""
        self._events.clear()
        self.send("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")

    def wait_for(self, event):
        """Wait until an event has come since the last `load` or `wait_for`."""
        while event not in self._events:
            self._next()
        self._events.clear()

    def value(self, expression):
        """The value of a JavaScript expression."""
        found = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key):
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            code = {"ArrowLeft": 37, "ArrowRight": 39}.get(key, 0)
            self.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def picture(self, path, whole=True):
        """Write a PNG of the page."""
        found = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def _next(self):
        while b"\0" not in self._unread:
            assert select.select([self._answers], [], [], LONGEST)[0], "the browser says nothing"
            self._unread += (piece := os.read(self._answers.fileno(), 2**20))
            assert piece, "the browser has ended"
        message, _, self._unread = self._unread.partition(b"\0")
        message = json.loads(message)
        self._note(message.get("method"), message.get("params"))
        return message

    def _note(self, event, given):
        self._events.append(event)
        if event == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(given["exceptionDetails"])
        elif event == "Runtime.consoleAPICalled" and given["type"] in ("error", "warning"):
            self.complaints.append(given["args"])
        elif event == "Log.entryAdded" and given["entry"]["level"] in ("error", "warning"):
            self.complaints.append(given["entry"])
