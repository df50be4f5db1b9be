"""Who asks, by the User-Agent: people's browsers, or machines whose requests are no clicks."""

from __future__ import annotations

from shared.wire import NoClick


def no_click_of(_user_agent: bytes) -> NoClick:
    """Why a request of this agent is no click; empty where it may be one."""
    return ""
