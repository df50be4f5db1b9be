"""A whole installation in processes of its own: a control plane over a real database, and an edge that follows it.

Each part is started as an operator starts it, so that each can be killed as a machine kills it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from control.cli.local import SignInLink, ask
from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import Child, spawn, wait_until_http

HOST = "go.shop.localhost"
OTHER_HOST = "go.localhost"
"""To a shop on `shop.localhost`, HOST is of the same site and OTHER_HOST, which every installation begins with, of
another."""
SQLITE_FILE = "clicktrail.sqlite3"

Json = Any


@dataclass
class Installation:
    """Where everything is, what runs of it, and a client of its API."""

    folder: Path
    database: str = ""  # URL of a Postgres; empty: SQLite in the data folder
    workers: int = 1
    control_port: int = field(default_factory=free_port)
    edge_port: int = field(default_factory=free_port)
    control: Child | None = None
    edge: Child | None = None
    secret_key: str = ""
    publishable_key: str = ""
    edge_token: str = ""
    edge_environment: dict[str, str] = field(default_factory=dict[str, str])  # over what start_edge gives it

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def data(self) -> Path:
        return self.folder / "control"

    @property
    def sqlite_file(self) -> Path:
        return self.data / SQLITE_FILE

    def start_control(self) -> None:
        """Starts the control plane and waits until it is ready."""
        environment = {
            "CLICKTRAIL_CONTROL_DATA": str(self.data),
            "CLICKTRAIL_CONTROL_PORT": str(self.control_port),
            "CLICKTRAIL_CONTROL_DATABASE": self.database,
            "CLICKTRAIL_CONTROL_EDGE_LOCAL_PORT": str(self.edge_port),
        }
        command = (sys.executable, "-m", "control", "control")
        self.control = spawn(command, log=self.folder / "control.log", environment=environment, directory=ROOT)
        wait_until_http(f"{self.control_url}/readyz", child=self.control, timeout_s=30)

    def start_edge(self) -> None:
        """Starts the edge and waits until it listens. Its token must be known: see `set_up`."""
        environment = {
            "CLICKTRAIL_EDGE_PORT": str(self.edge_port),
            "CLICKTRAIL_EDGE_WORKERS": str(self.workers),
            "CLICKTRAIL_EDGE_CONNECTIONS_PER_ADDRESS_S": "0",  # all visitors of a test come from one address
            "CLICKTRAIL_EDGE_METRICS_PORT": "0",
            "CLICKTRAIL_EDGE_DATA": str(self.folder / "edge"),
            "CLICKTRAIL_EDGE_RING_DIR": str(self.folder / "rings"),
            "CLICKTRAIL_EDGE_CONTROL_URL": self.control_url,
            "CLICKTRAIL_EDGE_TOKEN": self.edge_token,
            **self.edge_environment,
        }
        command = (sys.executable, "-m", "edge")
        self.edge = spawn(command, log=self.folder / "edge.log", environment=environment, directory=ROOT)
        wait_until_http(f"http://127.0.0.1:{self.edge_port}/_t/health", child=self.edge)

    def sign_in_link(self) -> str:
        """A new one-time link to the dashboard, asked of the control plane as the command asks it."""
        with concurrent.futures.ThreadPoolExecutor(1) as other:  # in this thread a test's event loop may run
            answer = other.submit(asyncio.run, ask(self.data, "sign-in-link", SignInLink)).result()
        return answer.url

    def set_up(self) -> None:
        """Signs in with a one-time link and makes the keys, the token and the domain that tests use."""
        link = self.sign_in_link()
        token = re.search(r"token=(\S+)", link)
        assert token is not None, link
        request = urllib.request.Request(
            f"{self.control_url}/api/v1/auth/sign-in",
            json.dumps({"token": token[1]}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            cookie = answer.headers["Set-Cookie"].split(";")[0]
            session = {"Cookie": cookie, "X-CSRF-Token": json.load(answer)["csrf_token"]}
        self.secret_key = self.call("POST", "/api-keys", {"name": "test", "kind": "secret"}, session)["key"]
        self.publishable_key = self.call("POST", "/api-keys", {"name": "page", "kind": "publishable"}, session)["key"]
        self.edge_token = self.call("POST", "/edge-tokens", {"name": "test"}, session)["token"]
        self.call("POST", "/domains", {"host": HOST})

    def short_url(self, slug: str, host: str = HOST) -> str:
        """A short link's address as a browser opens it."""
        return f"http://{host}:{self.edge_port}/{slug}"

    def call(self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None) -> Json:
        """Calls the API below /api/v1 with the secret key, or with `headers`. Raises HTTPError with the problem."""
        request = urllib.request.Request(
            f"{self.control_url}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json", **(headers or {"Authorization": f"Bearer {self.secret_key}"})},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                raw = answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.status} {error.read().decode()}") from None
        return json.loads(raw) if raw else None

    def make_link(
        self, slug: str, destination: str = "https://shop.example/", *, host: str = HOST, **more: Json
    ) -> Json:
        """Adds a link and waits until the edge answers it."""
        domains = {domain["host"]: domain["id"] for domain in self.call("GET", "/domains")["items"]}
        link = self.call(
            "POST", "/links", {"slug": slug, "destination": destination, "domain_id": domains[host], **more}
        )
        self.wait_for_link(slug, host)
        return link

    def wait_for_link(self, slug: str, host: str = HOST) -> None:
        """Waits until the edge, if one runs, answers a link. A program without a user agent asks, which is no click."""
        if self.edge is not None:
            url = f"http://127.0.0.1:{self.edge_port}/{slug}"
            wait_until_http(url, host=host, status=302, child=self.edge)

    def edge_pids(self, module: str) -> list[int]:
        """The edge's processes that run `python -m module`: `edge.worker`, `edge.agent`."""
        assert self.edge is not None
        children = Path(f"/proc/{self.edge.pid}/task/{self.edge.pid}/children").read_text().split()
        found: list[int] = []
        for pid in map(int, children):
            with contextlib.suppress(OSError):
                if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                    found.append(pid)
        return found

    def backlog(self) -> int:
        """How many records the edge says that it still holds; large while it has not said."""
        edges = self.call("GET", "/edges", headers={"Authorization": f"Bearer {self.secret_key}"})["items"]
        return sum(edge["backlog_records"] for edge in edges if edge["state"] != "retired")

    def stop(self) -> None:
        """Ends everything in order, so that what is recorded is shipped."""
        if self.edge is not None:
            self.edge.terminate(timeout_s=20)
            self.edge = None
        if self.control is not None:
            self.control.terminate(timeout_s=20)
            self.control = None


@contextlib.contextmanager
def installation(folder: Path, database: str = "", workers: int = 1) -> Generator[Installation]:
    """A running installation with keys and a domain; at the end whatever still runs is killed."""
    made = Installation(folder, database, workers)
    try:
        made.start_control()
        made.set_up()
        made.start_edge()
        yield made
    finally:
        for child in (made.edge, made.control):
            if child is not None:
                child.kill_group()
