"""Drive a real Chromium, without a window, over a pipe with the DevTools protocol."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "End": 35, "Home": 36}
KEYS |= {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "Delete": 46, "F8": 119}
CONTROL = 2  # the modifier
SECONDS = 60
PATIENCE = 40  # seconds until a condition must be true in a page


def chromium() -> str:
    """The browser's program; the test says that it is skipped where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    return found


class Page:
    """One page of a browser.

    ``complaints`` are the messages of its console, and uncaught exceptions."""

    def __init__(self, profile: Path):
        command = [
            chromium(),
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            f"--user-data-dir={profile}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        read, self.questions = os.pipe()
        self.answers, write = os.pipe()
        ends = [
            fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read, write)
        ]  # out of the way of 3 and 4

        def wire() -> None:  # the browser reads from its file 3 and writes to its file 4
            for end, number in zip(ends, (3, 4), strict=True):
                os.dup2(end, number)

        self.process = subprocess.Popen(
            command,
            pass_fds=(3, 4),
            preexec_fn=wire,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (read, write, *ends):
            os.close(end)
        self.number, self.rest = 0, b""
        self.session = ""
        self.complaints: list[str] = []
        self.loaded = False
        target = next(
            t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"
        )
        self.session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log"):
            self.ask(f"{domain}.enable")

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.questions)
        os.close(self.answers)
        self.process.terminate()
        self.process.wait(SECONDS)

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command and wait for its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.questions, json.dumps(message).encode() + b"\0")
        while True:
            heard = self.hear()
            if heard.get("id") == self.number:
                assert "error" not in heard, (method, heard)
                return heard["result"]
            self.note(heard)

    def hear(self) -> Any:
        """The next message of the browser."""
        end = time.monotonic() + SECONDS
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            assert ready, f"the browser has said nothing for {SECONDS} s"
            heard = os.read(self.answers, 2**16)
            assert heard, "the browser has ended"
            self.rest += heard
        message, _, self.rest = self.rest.partition(b"\0")
        return json.loads(message)

    def note(self, event: Any) -> None:
        """Remember what an event says."""
        method, about = event.get("method"), event.get("params", {})
        self.loaded = self.loaded or method == "Page.loadEventFired"
        if method == "Runtime.exceptionThrown":
            self.complaints.append(about["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(about["args"]))
        elif method == "Log.entryAdded":
            self.complaints.append(about["entry"]["text"])

    def open(self, file: Path) -> None:
        """Load a file and wait until it is there."""
        self.visit(file.resolve().as_uri())

    def visit(self, address: str) -> None:
        """Load the page at an address and wait until it is there."""
        self.loaded = False
        self.ask("Page.navigate", url=address)
        while not self.loaded:
            self.note(self.hear())

    def run(self, script: str) -> Any:
        """What an expression gives in the page; a promise is waited for."""
        found = self.ask(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true in the page, looking at each of its frames."""
        found = self.run(
            f"new Promise(done => {{ const end = performance.now() + {1000 * PATIENCE};"
            f" const look = () => {{ if ({condition}) done(true); else if (performance.now() > end)"
            " done(false); else requestAnimationFrame(look) }; look(); })"
        )
        assert found, f"not true after {PATIENCE} s: {condition}"

    def write(self, text: str) -> None:
        """Type characters where the focus is."""
        for character in text:
            self.ask("Input.dispatchKeyEvent", type="char", text=character)

    def picture(self, file: Path) -> None:
        """Save what the window shows as a PNG."""
        file.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def size(self, width: int, height: int = 900) -> None:
        """Set the size of the window in pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)

    def key(self, key: str, modifiers: int = 0) -> None:
        """Press and release a key, as a reader would."""
        about = {
            "modifiers": modifiers,
            "key": key,
            "windowsVirtualKeyCode": KEYS.get(key) or ord(key.upper()),
            "code": {" ": "Space"}.get(key, key if len(key) > 1 else f"Key{key.upper()}"),
        }
        text = {"Enter": "\r", " ": " "}.get(key)
        self.ask(
            "Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {})
        )
        self.ask("Input.dispatchKeyEvent", type="keyUp", **about)

    def dark(self, on: bool) -> None:
        """Prefer dark colours, or light ones."""
        value = "dark" if on else "light"
        self.ask(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": value}],
        )
