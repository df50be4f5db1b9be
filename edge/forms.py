"""Answers cut and dried: what a link says to each kind of client, but for what is new with every click.

A form is made by the same functions as any other answer, once for stand-ins of a click id and of a forwarded query, and
then cut where they stand. So what is joined from a form's pieces is what those functions would have said.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from edge import answer, carriers, record
from edge.carriers import Target
from edge.links import NEVER, Link
from shared import click_id
from shared.wire import Carry

# No address or cookie holds a control character: `edge.carriers`.
_ID: Final = bytes(click_id.CLICK_ID_CHARS)
_QUERY: Final = b"\x01"
SHARED_MAX: Final = 4_096


class Style:
    """What forms of many links have in common, but for the click cookie's, which names its link. One object for all of
    them, so that it stays in the processor's cache: at a hundred thousand links, what a request must fetch from memory
    costs more than what it computes. No named tuple: the interpreter reads slots several times faster."""

    __slots__ = ("after", "behind_query", "between", "sets_click_cookie", "sets_visitor", "starts")

    def __init__(
        self,
        behind_query: bytes,
        between: bytes,
        after: bytes,
        sets_click_cookie: bool,
        sets_visitor: bool,
        starts: tuple[bytes, ...],
    ) -> None:
        self.behind_query, self.between, self.after = behind_query, between, after
        self.sets_click_cookie, self.sets_visitor = sets_click_cookie, sets_visitor
        self.starts = starts
        """How the click's record begins, by `record.NO_CLICK_CODE`."""


_shared_style = lru_cache(SHARED_MAX)(Style)
_host_bytes = lru_cache(SHARED_MAX)(str.encode)


class Form:
    """How one target of a link is given to one kind of client.

    before · click id · after                                    a plain answer
    before · click id · between · click id · after               with a new visitor's cookie
    before_query · forwarded query · behind_query · click id …   instead of `before`
    """

    __slots__ = ("before", "before_query", "destination", "style")

    def __init__(self, link: Link, target: Target, carry: Carry, *, sets_visitor: bool) -> None:
        cookies = b""
        if carry == "cookie":
            value = carriers.click_cookie(_ID, link.link_id, b"", 0)
            cookies = answer.click_cookie_line(value, link.cookie_domain, secure=False)
        if sets_visitor:
            cookies += answer.visitor_cookie_line(_ID, secure=False)
        self.destination = target.destination
        self.before, *between, after = _cut(link, target, carry, b"", cookies)
        self.before_query, behind_query = _cut(link, target, carry, _QUERY, cookies)[0].split(_QUERY)
        starts = tuple(
            record.click_start(no_click, record.CARRY_CODE[carry], target.number)
            for no_click in record.NO_CLICK_CODE.values()
        )
        style = Style if carry == "cookie" else _shared_style
        self.style = style(behind_query, b"".join(between), after + b"\r\n", carry == "cookie", sets_visitor, starts)


class Forms:
    """Of one target, by what the client may be given."""

    __slots__ = ("bare", "known", "new")

    def __init__(self, link: Link, target: Target) -> None:
        stores = link.consent == "granted"
        without = target.carry if target.carry != "cookie" else target.carry_without_cookie
        self.bare = Form(link, target, without, sets_visitor=False)
        """No cookies."""
        self.known = self.new = self.bare
        """To who has a visitor id already, and to who gets one."""
        if stores:
            self.new = Form(link, target, target.carry, sets_visitor=True)
            if target.carry == "cookie":
                self.known = Form(link, target, target.carry, sets_visitor=False)


class Ready:
    """A link, ready to answer with."""

    __slots__ = ("_arms", "forms", "host", "is_plain", "link", "link_and_host_length", "status")

    def __init__(self, link: Link, host: str) -> None:
        self.link = link
        self.host = _host_bytes(host)
        self.link_and_host_length = link.link_id + len(self.host).to_bytes(2, "little")
        self.status = link.status
        self.is_plain = link.rules is None and link.closes_ms == NEVER
        """Everybody goes to the one destination, always."""
        self.forms = Forms(link, link)
        self._arms: dict[Target, Forms] = {}

    @staticmethod
    def is_possible(link: Link) -> bool:
        """It has no case of its own to consider but rules and a time at which it closes, and everything that it may
        answer has the id where it can be cut out: in the destination or in a cookie."""
        targets = (link, *link.rules.targets()) if link.rules else (link,)
        return not link.is_special and all("none" not in (it.carry, it.carry_without_cookie) for it in targets)

    def forms_of(self, target: Target | None) -> Forms:
        """Of one of the link's arms; None: of the link itself."""
        if target is None:
            return self.forms
        forms = self._arms.get(target)
        if forms is None:
            forms = self._arms[target] = Forms(self.link, target)
        return forms


def _cut(link: Link, target: Target, carry: Carry, forwarded: bytes, cookies: bytes) -> list[bytes]:
    return answer.redirect(link, target, link.status, carry, forwarded, _ID, cookies).lines.split(_ID)
