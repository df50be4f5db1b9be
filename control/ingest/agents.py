"""What a User-Agent says: a known robot, or a browser on a system on a kind of device.

Robots are recognised by the crawler-user-agents list (1 500 patterns in one google-re2 set: under a microsecond a
match), browsers by ua-parser. Both are re-runnable on the stored header, so a newer list can reclassify history. The
libraries have no types; this module is their border.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

import crawleruseragents
import re2
import ua_parser

AGENT_MAX_CHARS = 512  # longer ones are cut: no browser's is, and the patterns all look at the beginning
_CACHED_AGENTS = 8_192

_DESKTOP_SYSTEMS = frozenset(
    ("Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian", "FreeBSD", "OpenBSD")
)
_TV = re.compile(
    r"\b(smart-?tv|google ?tv|apple ?tv|android ?tv|hbbtv|tizen.*tv|web0s|bravia|aft[a-z])\b", re.IGNORECASE
)
_UNNAMED = "unnamed"  # the robot that sends no User-Agent


class Agent(NamedTuple):
    """Empty where it is not known. `robot` is a name such as `Googlebot`; empty for a browser."""

    robot: str
    browser: str
    os: str
    device: str  # desktop | mobile | tablet | tv | bot | other


@lru_cache(maxsize=_CACHED_AGENTS)
def agent_of(user_agent: str) -> Agent:
    """What a User-Agent header says; a missing one is a robot's, for every browser sends it."""
    text = user_agent[:AGENT_MAX_CHARS]
    robot = _robot(text) if text.strip() else _UNNAMED
    if robot:
        return Agent(robot, "", "", "bot")
    parsed: Any = ua_parser.parse(text)
    browser: str = parsed.user_agent.family if parsed.user_agent else ""
    system: str = parsed.os.family if parsed.os else ""
    family: str = parsed.device.family if parsed.device else ""
    return Agent("", browser, system, _device(text, system, family))


def _device(text: str, system: str, family: str) -> str:
    if _TV.search(text):
        return "tv"
    if family == "iPad" or (system == "Android" and "Mobile" not in text) or "Tablet" in text:
        return "tablet"
    if family == "iPhone" or "Mobile" in text or system in ("iOS", "Android"):
        return "mobile"
    return "desktop" if system in _DESKTOP_SYSTEMS else "other"


def _robot(text: str) -> str:
    matched: list[int] | None = _patterns().Match(text)
    if not matched:
        return ""
    return max((_names()[index] for index in matched), key=len)


@lru_cache(maxsize=1)
def _patterns() -> Any:
    library: Any = re2
    patterns = library.Set.SearchSet()
    for crawler in _crawlers():
        patterns.Add(crawler["pattern"])
    patterns.Compile()
    return patterns


@lru_cache(maxsize=1)
def _names() -> list[str]:
    return [_name(crawler["pattern"]) for crawler in _crawlers()]


def _name(pattern: str) -> str:
    """A readable name from a pattern: `Googlebot\\/` → `Googlebot`, `[cC]laude[bB]ot` → `ClaudeBot`."""
    text = re.sub(r"\(\^\| \)|\(\[\^-\]\|\$\)|\[\\s\\S\]\*.*", "", pattern)
    text = re.sub(r"\[(\w)(\w)\]", lambda either: min(either[1], either[2]), text)
    text = re.sub(r"\\(.)", r"\1", text)
    return text.partition("|")[0].strip("^$/() ")[:64] or "robot"


def _crawlers() -> list[dict[str, str]]:
    library: Any = crawleruseragents
    return library.CRAWLER_USER_AGENTS_DATA
