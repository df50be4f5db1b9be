"""`clicktrail up`: one command from an empty folder to a redirect, and back to nothing running."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import Child, running, wait_until, wait_until_http

START_S = 60.0


def start_arguments(folder: Path, control_port: int, edge_port: int) -> dict[str, Any]:
    return {
        "command": [sys.executable, "-m", "control", "up", "--data", folder / "data"],
        "log": folder / "up.log",
        "environment": {
            "CLICKTRAIL_CONTROL_PORT": str(control_port),
            "CLICKTRAIL_EDGE_PORT": str(edge_port),
            "CLICKTRAIL_EDGE_WORKERS": "1",
        },
        "directory": ROOT,
    }


def test_a_first_start_leads_to_a_redirect(tmp_path: Path) -> None:
    control_port, edge_port = free_port(), free_port()
    with running(**start_arguments(tmp_path, control_port, edge_port)) as up:
        wait_until(lambda: "Ctrl-C stops" in up.output() or not up.is_running(), what="the greeting", timeout_s=START_S)
        token = re.search(r"sign-in\?token=(\S+)", up.output())
        assert token, up.describe()
        assert f"http://localhost:{control_port}" in up.output()

        api = _Api(control_port)
        cookie, csrf_token = api.sign_in(token[1])
        headers = {"Cookie": cookie, "X-CSRF-Token": csrf_token}
        link = api.call("POST", "/api/v1/links", {"destination": "https://example.com/ü", "slug": "hi"}, headers)
        assert link["short_url"] == f"http://go.localhost:{edge_port}/hi"
        wait_until_http(f"http://127.0.0.1:{edge_port}/hi", host="go.localhost", status=302, child=up)
        (edge,) = api.call("GET", "/api/v1/edges", None, headers)["items"]
        assert edge["state"] == "live"

        children = _children_of(up.pid)
        assert children
        assert up.terminate(timeout_s=20) == 0
        assert not [pid for pid in children if _is_running(pid)]


def test_the_edge_ends_with_a_killed_parent_and_a_new_start_works(tmp_path: Path) -> None:
    control_port, edge_port = free_port(), free_port()
    with running(**start_arguments(tmp_path, control_port, edge_port)) as up:
        wait_until(lambda: "Ctrl-C stops" in up.output() or not up.is_running(), what="the greeting", timeout_s=START_S)
        children = _children_of(up.pid)
        up.kill()
        wait_until(lambda: not any(map(_is_running, children)), what="the edge to end", timeout_s=20)
    with running(**start_arguments(tmp_path, control_port, edge_port)) as up:
        wait_until(lambda: up.output().count("Ctrl-C stops") == 2 or not up.is_running(), what="it", timeout_s=START_S)
        assert up.terminate(timeout_s=20) == 0


def test_an_edge_port_in_use_ends_everything_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        edge_port = int(taken.getsockname()[1])
        with running(**start_arguments(tmp_path, free_port(), edge_port)) as up:
            assert _exit_code(up) == 2
            assert f"{edge_port}" in up.output()
            assert "Traceback" not in up.output()


class _Api:
    """A caller that takes no library's cookie handling for granted."""

    def __init__(self, port: int) -> None:
        self._port = port

    def sign_in(self, token: str) -> tuple[str, str]:
        response, body = self._send("POST", "/api/v1/auth/sign-in", {"token": token}, {})
        assert response.status == 200, body
        return (response.getheader("Set-Cookie") or "").partition(";")[0], body["csrf_token"]

    def call(self, method: str, path: str, body: object, headers: dict[str, str]) -> Any:
        response, answer = self._send(method, path, body, headers)
        assert response.status < 300, answer
        return answer

    def _send(
        self, method: str, path: str, body: object, headers: dict[str, str]
    ) -> tuple[http.client.HTTPResponse, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        connection.request(method, path, None if body is None else json.dumps(body).encode(), headers)
        response = connection.getresponse()
        return response, json.loads(response.read())


def _exit_code(child: Child) -> int:
    try:
        return child.process.wait(START_S)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"still running: {child.describe()}") from None


def _children_of(pid: int) -> list[int]:
    """Direct and further children, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found: list[int] = []
    frontier = [pid]
    while frontier:
        frontier = [child for child, parent in parents.items() if parent in frontier]
        found += frontier
    return found


def _is_running(pid: int) -> bool:
    """A zombie that nobody has reaped yet is not running."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
