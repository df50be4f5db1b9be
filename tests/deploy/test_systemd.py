"""The systemd units: every line known to systemd, and little that the service may do."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import program

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICES = ("clicktrail.service", "clicktrail-edge.service")
HIGHEST_EXPOSURE = 20
"""In tenths, out of 100, as `systemd-analyze security` counts: below 20 it calls a service "OK" or better."""


@pytest.fixture
def analyze() -> str:
    return program("systemd-analyze", "systemd")


@pytest.fixture(params=SERVICES)
def unit(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A service with a program that exists on this machine, since systemd looks for it, beside its socket."""
    for source in UNITS.iterdir():
        text = source.read_text(encoding="utf-8")
        starts = re.sub(r"(?m)^ExecStart=/opt/clicktrail/bin/clicktrail\S*", "ExecStart=/bin/true", text)
        assert (starts != text) == (source.suffix == ".service")
        (tmp_path / source.name).write_text(starts, encoding="utf-8")
    return tmp_path / str(request.param)


def complaints(analyze: str, unit: Path) -> str:
    # The exit code is 0 for unknown keys too: only silence is success.
    ran = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=True)
    return "\n".join(line for line in ran.stderr.splitlines() if unit.stem in line)


def test_systemd_knows_every_line(analyze: str, unit: Path) -> None:
    assert complaints(analyze, unit) == ""


def test_a_misspelt_line_would_be_found(analyze: str, unit: Path) -> None:
    unit.write_text(unit.read_text().replace("PrivateTmp=yes", "PrivateTemp=yes"))
    assert "PrivateTemp" in complaints(analyze, unit)


def test_a_misspelt_line_of_a_socket_would_be_found(analyze: str, unit: Path) -> None:
    socket = unit.with_name("clicktrail-edge.socket")
    assert complaints(analyze, socket) == ""
    socket.write_text(socket.read_text().replace("Backlog=", "Backlogg="))
    assert "Backlogg" in complaints(analyze, socket)


def test_the_service_may_do_little(analyze: str, unit: Path) -> None:
    command = [analyze, "security", "--offline=yes", f"--threshold={HIGHEST_EXPOSURE}", "--no-pager", unit]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_stopping_leaves_shared_memory_alone(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert "RemoveIPC=no" in lines
    assert not any(line.startswith(("DynamicUser", "PrivateIPC", "TemporaryFileSystem")) for line in lines)
