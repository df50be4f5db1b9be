from __future__ import annotations

from shared.wire import NoClick


def no_click_of(user_agent: bytes) -> NoClick:
    return "preview" if user_agent.startswith((b"facebookexternalhit", b"Slackbot")) else ""
