"""What the person who starts it can put right is said in one sentence, with exit code 2, and nothing is left behind."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT
from tests.support.ports import free_port
from tests.support.processes import running, wait_until_http

TIMEOUT_S = 60


def clicktrail(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A finished run of the command."""
    return subprocess.run(
        [sys.executable, "-m", "control", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=TIMEOUT_S,
    )


def says(ran: subprocess.CompletedProcess[str], part: str) -> None:
    """Asserts one sentence on stderr that holds `part`, and exit code 2."""
    assert (ran.returncode, ran.stdout) == (2, ""), ran
    assert ran.stderr.startswith("clicktrail: ")
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert part in ran.stderr


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = clicktrail("control", "--data", tmp_path / "data", CLICKTRAIL_CONTROL_PORT=str(port))
    says(ran, f"port {port} on 127.0.0.1 is in use")
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    says(clicktrail("db", "upgrade", "--data", tmp_path / "file" / "data"), "cannot be written")


def test_a_database_newer_than_the_code(tmp_path: Path) -> None:
    assert clicktrail("db", "upgrade", "--data", tmp_path).returncode == 0
    with sqlite3.connect(tmp_path / "clicktrail.sqlite3") as connection:
        connection.execute("update alembic_version set version_num = '9999_future'")
    connection.close()
    says(clicktrail("control", "--data", tmp_path, CLICKTRAIL_CONTROL_PORT="0"), "9999_future")


def test_another_installations_secret(tmp_path: Path) -> None:
    assert clicktrail("db", "upgrade", "--data", tmp_path).returncode == 0
    (tmp_path / "secret").write_bytes(bytes(32))
    says(clicktrail("db", "upgrade", "--data", tmp_path), "secret")


@pytest.mark.parametrize(
    ("toml", "part"),
    [
        ("[control]\nprot = 1\n", "prot"),
        ("[control]\nport = 70000\n", "port"),
        ("[controll]\n", "controll"),
        ("[control\n", "TOML"),
        ('[control]\ndatabase = "mysql://x/y"\n', "database"),
        ('[log]\nlevel = "loud"\n', "level"),
    ],
)
def test_a_bad_configuration(tmp_path: Path, toml: str, part: str) -> None:
    (tmp_path / "clicktrail.toml").write_text(toml)
    says(clicktrail("db", "upgrade", "--data", tmp_path / "d", "--config", tmp_path / "clicktrail.toml"), part)


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"postgresql://me:hush@127.0.0.1:{port}/clicktrail"
    ran = clicktrail("db", "upgrade", "--data", tmp_path, CLICKTRAIL_CONTROL_DATABASE=url)
    says(ran, "cannot be opened")
    assert "hush" not in ran.stderr


def test_a_database_in_use_by_another_process(tmp_path: Path) -> None:
    """One process writes a SQLite database; a sign-in link is asked of it, everything else waits its turn."""
    port = free_port()
    with running(
        [sys.executable, "-m", "control", "control", "--data", tmp_path],
        log=tmp_path / "control.log",
        environment={"CLICKTRAIL_CONTROL_PORT": str(port)},
        directory=ROOT,
    ) as process:
        wait_until_http(f"http://127.0.0.1:{port}/healthz", child=process, timeout_s=TIMEOUT_S)
        says(clicktrail("db", "upgrade", "--data", tmp_path), f"(pid {process.pid})")
        link = clicktrail("sign-in-link", "--data", tmp_path, CLICKTRAIL_CONTROL_PORT=str(port))
        assert link.returncode == 0, link.stderr
        assert link.stdout.startswith(f"http://localhost:{port}/sign-in?token=si_")
        assert process.terminate() == 0
    assert clicktrail("db", "upgrade", "--data", tmp_path).returncode == 0
    assert not (tmp_path / "control.sock").exists()
