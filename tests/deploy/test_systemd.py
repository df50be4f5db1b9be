"""The systemd unit: every line known to systemd, and little that the service may do."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "clicktrail.service"
HIGHEST_EXPOSURE = 20
"""In tenths, out of 100, as `systemd-analyze security` counts: below 20 it calls a service "OK" or better."""


@pytest.fixture
def analyze() -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        assert not os.environ.get("CI"), "systemd-analyze is missing: install systemd"
        pytest.skip("systemd-analyze is missing")
    return program


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that exists on this machine, since systemd looks for it."""
    text = UNIT.read_text(encoding="utf-8")
    assert "/opt/clicktrail/bin/clicktrail " in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace("/opt/clicktrail/bin/clicktrail ", "/bin/true "), encoding="utf-8")
    return copy


def complaints(analyze: str, unit: Path) -> str:
    # The exit code is 0 for unknown keys too: only silence is success.
    ran = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=True)
    return "\n".join(line for line in ran.stderr.splitlines() if unit.name in line)


def test_systemd_knows_every_line(analyze: str, unit: Path) -> None:
    assert complaints(analyze, unit) == ""


def test_a_misspelt_line_would_be_found(analyze: str, unit: Path) -> None:
    unit.write_text(unit.read_text().replace("PrivateTmp=yes", "PrivateTemp=yes"))
    assert "PrivateTemp" in complaints(analyze, unit)


def test_the_service_may_do_little(analyze: str, unit: Path) -> None:
    command = [analyze, "security", "--offline=yes", f"--threshold={HIGHEST_EXPOSURE}", "--no-pager", unit]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_stopping_leaves_shared_memory_alone(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert "RemoveIPC=no" in lines
    assert not any(line.startswith(("DynamicUser", "PrivateIPC", "TemporaryFileSystem")) for line in lines)
