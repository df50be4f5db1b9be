"""How a link's click id reaches the landing page, as decided when the link is saved.

- A first-party cookie leaves the destination untouched, but only a page on the short host's own site can read it.
- A fragment (`#ct_…`) never reaches a server or a signature, but there is room for one only.
- A query parameter always fits, unless the query is signed.

`auto` takes the first of these that works. Wherever a cookie is chosen there is a second choice for visitors to whom it
may not be given (Global Privacy Control, consent). A carrier chosen by hand is taken as it is; what will not work is
said in a warning, in words for the person who edits the link.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from control.domains import host as hosts
from control.links.destination import Destination
from shared.wire import Carry

CarryChoice = Literal["auto", "cookie", "fragment", "query", "none"]


class CarryPlan(NamedTuple):
    """What the edge is told, and what the person who edits the link is told."""

    carry: Carry
    without_cookie: Carry
    warnings: tuple[str, ...]


def resolve(
    choice: CarryChoice, short_host: str, destination: Destination, query_name: str, *, forwards_query: bool
) -> CarryPlan:
    """The carrier for clicks on `short_host` that go to `destination`."""
    in_address = _in_address(destination, query_name)
    match choice:
        case "auto":
            carry = "cookie" if hosts.is_same_site(short_host, destination.host) else in_address
            plan = carry, in_address
        case "cookie":
            plan = "cookie", in_address
        case _:
            plan = choice, choice
    warnings = tuple(_warnings(choice, plan, short_host, destination, query_name, forwards_query))
    return CarryPlan(*plan, warnings)


def _in_address(destination: Destination, query_name: str) -> Carry:
    if not destination.fragment:
        return "fragment"
    return "none" if destination.is_signed or query_name in destination.query_names else "query"


def _warnings(
    choice: CarryChoice,
    plan: tuple[Carry, Carry],
    short_host: str,
    destination: Destination,
    query_name: str,
    forwards_query: bool,
) -> list[str]:
    warnings: list[str] = []
    if choice == "cookie" and not hosts.is_same_site(short_host, destination.host):
        warnings.append(
            f"A cookie of {short_host} cannot be read on {destination.host}, which is another site. "
            "Conversions there will not find their click; automatic does."
        )
    if choice == "fragment" and destination.fragment:
        warnings.append(
            f"The destination has a fragment of its own (#{destination.fragment}); the click id would take its place. "
            "Query does not."
        )
    if choice == "query" and query_name in destination.query_names:
        warnings.append(
            f"The destination has a query parameter {query_name} already. Choose another name for the click id."
        )
    if choice == "query" and destination.is_signed:
        warnings.append("The destination's query is signed; a click id added to it would break the link.")
    if plan[0] == "none" and choice == "none":
        warnings.append("No click id is carried: conversions are credited only where the visitor is known otherwise.")
    if choice in ("auto", "cookie") and "none" in plan:
        warnings.append(
            "The destination has a fragment, and its query cannot take a click id"
            + (" from visitors who accept no cookie" if plan[0] == "cookie" else "")
            + ": their conversions may stay without credit."
        )
    if forwards_query and destination.is_signed:
        warnings.append("The destination's query is signed. Turn off forwarding of query parameters, which changes it.")
    return warnings
