"""A real Chromium for tests.

Taken from the system where it is there; else installed by the system's package manager when tests run as root; else
downloaded by Playwright; else a sentence says what to install. A found browser is driven by Playwright over its
`executable_path`.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL_TIMEOUT_S = 600

FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
)
"""Keep a test's browser off the network: it is to reach the servers of the test and nothing else."""


class ChromiumMissing(Exception):
    """No browser, and none could be installed; the message says what to do."""


def launch_flags() -> list[str]:
    """Command-line flags for a test's browser. Chromium's sandbox cannot be set up by root."""
    return [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else list(FLAGS)


def chromium_path() -> Path:
    """The browser's program, installed if need be. Raises ChromiumMissing.

    Not to be called while an event loop runs: Playwright is asked for its own browser synchronously.
    """
    with (Path(tempfile.gettempdir()) / f"clicktrail-chromium-{os.geteuid()}.lock").open("w") as lock:
        # Parallel test workers find out at the same time that a browser is missing; one installs it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _of_system() or _of_playwright() or _by_package_manager() or _by_playwright()
    if found is None:
        raise ChromiumMissing(
            "no Chromium to test with: install your system's `chromium` package or run `playwright install chromium`"
        )
    return found


def _of_system() -> Path | None:
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return Path(path)
    return None


def _of_playwright() -> Path | None:
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _by_package_manager() -> Path | None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        ran = subprocess.run(
            [apt, "-qq", *arguments], env=environment, capture_output=True, check=False, timeout=INSTALL_TIMEOUT_S
        )
        if ran.returncode != 0:
            return None
    return _of_system()


def _by_playwright() -> Path | None:
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    ran = subprocess.run(command, capture_output=True, check=False, timeout=INSTALL_TIMEOUT_S)
    return _of_playwright() if ran.returncode == 0 else None


if __name__ == "__main__":
    try:
        print(chromium_path())
    except ChromiumMissing as unavailable:
        sys.exit(str(unavailable))
