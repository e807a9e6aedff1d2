"""A real browser for tests, headless, driven by its DevTools protocol through a pipe."""

import base64
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
LACKING = "no chromium: call tests/system/install.sh as root"
WAIT_S = 30
CODES = {"Escape": 27, "ArrowUp": 38, "ArrowDown": 40}  # by which a page's own keys work


class Browser:
    """One page of Chromium. `requests` are the addresses that it asked for, `problems` the errors
    that its scripts threw and what its security policy refused."""

    def __init__(self, profile, size=(1440, 900), options=()):
        ours, self._replies = os.pipe(), os.pipe()
        arguments = [
            *("--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--mute-audio", "--hide-scrollbars", "--remote-debugging-pipe", "about:blank"),
            f"--user-data-dir={profile}",
            f"--window-size={size[0]},{size[1]}",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            *options,
        ]

        # Chromium reads the protocol from descriptor 3 and writes it to 4; a shell puts them there.
        ends = ours[0], self._replies[1]
        shell = ["bash", "-c", 'exec "${@:3}" 3<&$1 4>&$2', "bash", *map(str, ends)]
        self.process = subprocess.Popen(
            [*shell, CHROMIUM, *arguments],
            pass_fds=ends,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in ends:
            os.close(end)
        self._to, self._number, self._rest, self._events = ours[1], 0, b"", []
        self.requests, self.problems = [], []
        target = next(
            t
            for t in self._call("Target.getTargets", session=None)["targetInfos"]
            if t["type"] == "page"
        )
        attach = {"targetId": target["targetId"], "flatten": True}
        self.session = None
        self.session = self._call("Target.attachToTarget", attach)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Performance"):
            self._call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._call("Browser.close", session=None)
        self.process.wait(WAIT_S)
        os.close(self._to)
        os.close(self._replies[0])

    def open(self, address):
        """Open an address and wait until it has loaded."""
        self._events.clear()
        self._call("Page.navigate", {"url": address})
        while "Page.loadEventFired" not in self._events:
            self._receive()

    def run(self, script):
        """The value of a script's last expression, or of the promise that it gives."""
        given = {"expression": script, "awaitPromise": True, "returnByValue": True}
        reply = self._call("Runtime.evaluate", given)
        if "exceptionDetails" in reply:
            raise AssertionError(reply["exceptionDetails"])
        return reply["result"].get("value")

    def wait_for(self, script):
        """Wait until a script's value is true; gives it."""
        end = time.monotonic() + WAIT_S
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"never true: {script}; {self.problems}"
            time.sleep(0.02)
        return value

    def fill(self, field, text):
        """Put text into a field, as typing would."""
        typed = f"value = {json.dumps(text)}; at('{field}').dispatchEvent(new Event('input'))"
        self.run(f"at('{field}').{typed}")

    def press(self, *keys):
        """Press keys, one after the other."""
        for key in keys:
            about = {"key": key, "text": key} if len(key) == 1 else {"key": key}
            about["windowsVirtualKeyCode"] = CODES.get(key, 0)
            for kind in ("keyDown", "keyUp"):
                self._call("Input.dispatchKeyEvent", {"type": kind, **about})

    def picture(self, path=None):
        """What the page looks like, uint8 RGB [H, W, 3]; also written to a file if one is named."""
        data = base64.b64decode(self._call("Page.captureScreenshot")["data"])
        if path:
            path.write_bytes(data)
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]

    def busy_s(self):
        """Processor seconds that the page's thread has spent since it was opened."""
        metrics = self._call("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in metrics if m["name"] == "TaskDuration")

    def memory_mb(self):
        """Memory in megabytes of the process that the page has, and of all of the browser's. What
        processes share is counted once."""
        waiting, of_pages_kb, total_kb = [self.process.pid], [], 0
        while waiting:
            folder = Path("/proc", str(waiting.pop()))
            waiting += (folder / "task" / folder.name / "children").read_text().split()
            rollup = (folder / "smaps_rollup").read_text()
            used_kb = int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])
            total_kb += used_kb
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                of_pages_kb.append(used_kb)
        return max(of_pages_kb) / 1024, total_kb / 1024

    def _call(self, method, parameters=None, session=""):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters or {}}
        if session == "" and self.session:
            message["sessionId"] = self.session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (reply := self._receive()).get("id") != self._number:
            pass
        assert "error" not in reply, reply
        return reply["result"]

    session = None

    def _receive(self):
        while b"\0" not in self._rest:
            block = os.read(self._replies[0], 1 << 20)
            assert block, "the browser has ended"
            self._rest += block
        text, _, self._rest = self._rest.partition(b"\0")
        message = json.loads(text)
        method, about = message.get("method"), message.get("params", {})
        self._events.append(method)
        if method == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = about["exceptionDetails"]
            self.problems.append(details.get("exception", details).get("description", details))
        elif method == "Log.entryAdded" and about["entry"]["level"] == "error":
            self.problems.append(about["entry"]["text"])
        return message
