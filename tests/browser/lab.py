"""A real JupyterLab and a page in it, driven by keyboard."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
# A profile in which nothing pops up and every cell stays in the page.
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {
        "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True,
    },
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}  # fmt: skip
WIDGET = "window.jupyterapp.shell.currentWidget"


def find_browser() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextlib.contextmanager
def jupyter_lab(root: Path, home: Path) -> Iterator[str]:
    """Run JupyterLab on ``root`` with an empty profile in ``home``; yield its address."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    token = secrets.token_hex(16)
    for name, value in SETTINGS.items():
        target = home / "settings" / f"{name}.jupyterlab-settings"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(value))
    folders = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "run",
        "IPYTHONDIR": "ipython", "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "BNCOURSE_HOME": "bncourse",
    }  # fmt: skip
    env = os.environ | {key: str(home / name) for key, name in folders.items()}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--expose-app-in-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}",
    ]  # fmt: skip
    log = home / "lab.log"
    with log.open("wb") as sink:
        server = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env=env)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", server, log)
            yield f"http://127.0.0.1:{port}/doc/tree/{{path}}?token={token}&reset"
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError("JupyterLab did not start:\n" + log.read_text())
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)


# The requests that the kernel has not finished. Their idle status is the last that it sends of
# each, and is counted when the page has taken in all that came before.
FOLLOW = f"""() => {{
    const kernel = {WIDGET}.sessionContext.session.kernel;
    const open = window.unfinished = new Set();
    kernel.anyMessage.connect((_, {{msg, direction}}) => {{
        if (direction === 'send' && msg.channel === 'shell') open.add(msg.header.msg_id);
    }});
    kernel.iopubMessage.connect((_, msg) => {{
        if (msg.header.msg_type === 'status' && msg.content.execution_state === 'idle')
            open.delete(msg.parent_header.msg_id);
    }});
}}"""
# A widget holds back a second change until the kernel is done with the first: look three times.
SETTLE = """async (limit) => {
    const start = performance.now();
    for (let calm = 0; calm < 3; ) {
        await new Promise(done => setTimeout(done, 10));
        calm = window.unfinished.size ? 0 : calm + 1;
        if (performance.now() - start > limit) throw new Error('the kernel is still busy');
    }
}"""


def settle(page, seconds: float = 60) -> None:
    """Wait until the kernel has answered all that was asked in the page, and the page shows it.

    Raises playwright's Error when it is still busy after ``seconds``.
    """
    page.evaluate(SETTLE, seconds * 1000)


class Notebook:
    """A notebook opened in the page."""

    def __init__(self, page, address: str, path: str):
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        page.on("console", self._listen)
        page.goto(address.format(path=path))
        page.wait_for_function(
            f"() => window.jupyterapp && {WIDGET}?.sessionContext?.session?.kernel?.status"
            " === 'idle'",
            timeout=90_000,
        )
        page.evaluate(FOLLOW)

    def _listen(self, message) -> None:
        if message.type == "error" and "favicon" not in message.text:
            self.complaints.append(f"console: {message.text}")

    def run_all(self, timeout: float = 180) -> list[str]:
        """Run every cell and return the errors."""
        self.page.set_default_timeout(timeout * 1000)
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        errors = self.page.evaluate(
            f"""() => [...{WIDGET}.content.widgets].filter(c => c.model.type === 'code')
                .flatMap((c, i) => c.model.outputs.toJSON()
                    .filter(o => o.output_type === 'error')
                    .map(o => `code cell ${{i}}: ${{o.ename}}: ${{o.evalue}}`))"""
        )
        self.page.set_default_timeout(30_000)
        settle(self.page)
        return errors

    def cell(self, source: str):
        """Return the code cell whose source contains ``source``."""
        return self.page.locator(".jp-CodeCell").nth(self._place(source, "code"))

    def _place(self, source: str, kind: str) -> int:
        place = self.page.evaluate(
            f"""([text, kind]) => [...{WIDGET}.content.widgets]
                .filter(c => c.model.type === kind)
                .findIndex(c => c.model.sharedModel.getSource().includes(text))""",
            [source, kind],
        )
        assert place >= 0, f"no {kind} cell with {source!r}"
        return place

    def write_and_run(self, old: str, new: str) -> None:
        """Replace the source of the cell that contains ``old``, and run it."""
        self.page.evaluate(
            f"""async ([text, source]) => {{
                const notebook = {WIDGET}.content;
                const place = notebook.widgets.findIndex(c => c.model.type === 'code'
                    && c.model.sharedModel.getSource().includes(text));
                notebook.widgets[place].model.sharedModel.setSource(source);
                notebook.activeCellIndex = place;
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }}""",
            [old, new],
        )

    def run(self, source: str) -> str:
        """Run the cell that contains ``source`` and return the text of its output."""
        self.page.evaluate(
            f"""async (text) => {{
                const notebook = {WIDGET}.content;
                notebook.activeCellIndex = notebook.widgets.findIndex(c => c.model.type === 'code'
                    && c.model.sharedModel.getSource().includes(text));
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }}""",
            source,
        )
        return self.output(source)

    def output(self, source: str) -> str:
        """Return the text of a cell's output as the page shows it."""
        return self.cell(source).locator(".jp-Cell-outputArea").inner_text()


# What a person sees of a figure: pictures and drawings, not the controls' own readout.
SEEN = """cell => [...cell.querySelectorAll('.jp-OutputArea img')].map(i => i.src)
    .concat([...cell.querySelectorAll('.widget-html-content svg')].map(e => e.innerHTML)).join()"""


def wait_until_changed(page, cell, before: str) -> None:
    """Wait until the pictures in the cell differ from ``before``."""
    page.wait_for_function(
        f"([cell, before]) => ({SEEN})(cell) !== before",
        arg=[cell.element_handle(), before],
        timeout=20_000,
    )
