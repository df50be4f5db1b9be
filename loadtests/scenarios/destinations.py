"""What a Location says: the click id that it carries, and which edit of a link it comes from."""

from __future__ import annotations

import re

MARK = "loadtest-edit"

_click_of_address = re.compile(r"#ct_([\w-]{22})|[?&]ct=([\w-]{22})").search
_click_of_cookie = re.compile(r"(?:^|[\s,;])_ct=([\w-]{22})").search


def click_of(location: str, cookies: str) -> str:
    """The click id that a redirect gave the visitor, by whichever carrier; empty where the link carries none."""
    found = _click_of_address(location) or _click_of_cookie(cookies)
    return next(filter(None, found.groups()), "") if found else ""


def marked(destination: str, number: int) -> tuple[str, str]:
    """A destination that tells this edit from all others, and the fragment that belongs behind it."""
    page, sign, fragment = destination.partition("#")
    return f"{page}{'&' if '?' in page else '?'}{MARK}={number}", sign + fragment


def leads_to(location: str, wanted: str) -> bool:
    """`wanted`, or that with a click id behind it; `…=1` is not `…=10`."""
    return location.startswith(wanted) and not location[len(wanted) : len(wanted) + 1].isdigit()
