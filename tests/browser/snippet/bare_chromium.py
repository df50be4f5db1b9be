"""A Chromium that opens one address, driven by two commands of its DevTools protocol.

Playwright forbids prerendering in every page that it drives, so the tests about that need a browser without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession

from tests.support.chromium import launch_flags

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
POLL_INTERVAL_S = 0.05


class BareChromium:
    """A running browser; `running` makes one."""

    def __init__(self, devtools: str, session: ClientSession) -> None:
        self._devtools, self._session = devtools, session

    async def open(self, url: str) -> str:
        """Opens a tab; returns the address at which it takes commands."""
        async with self._session.put(f"{self._devtools}/json/new?{url}") as response:
            target = await response.json()
        return target["webSocketDebuggerUrl"]

    async def run(self, tab: str, script: str) -> None:
        """Runs a script in a tab as if the user had pressed something."""
        async with self._session.ws_connect(tab) as socket:
            parameters = {"expression": script, "userGesture": True}
            await socket.send_json({"id": 1, "method": "Runtime.evaluate", "params": parameters})
            answer = await socket.receive_json(timeout=START_TIMEOUT_S)
        assert "exceptionDetails" not in answer["result"], answer

    @classmethod
    @asynccontextmanager
    async def running(cls, program: Path, profile: Path, *flags: str) -> AsyncGenerator[BareChromium]:
        """A browser with an empty profile in the folder `profile`, and with further command-line flags."""
        process = await asyncio.create_subprocess_exec(
            program,
            *launch_flags(),
            *flags,
            "--headless=new",
            "--remote-debugging-port=0",
            f"--user-data-dir={profile}",
            "about:blank",
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with ClientSession() as session:
                yield cls(await _devtools(profile / "DevToolsActivePort"), session)
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)


async def _devtools(port_file: Path) -> str:
    """The address of the browser's DevTools, once it listens."""
    async with asyncio.timeout(START_TIMEOUT_S):
        while (port := _port(port_file)) is None:  # noqa: ASYNC110 (it is another program that writes)
            await asyncio.sleep(POLL_INTERVAL_S)
    return f"http://127.0.0.1:{port}"


def _port(port_file: Path) -> str | None:
    """The port that the browser wrote into its profile: the first of two lines, which are not written at once."""
    lines = port_file.read_text().splitlines() if port_file.exists() else []
    return lines[0] if len(lines) > 1 else None
