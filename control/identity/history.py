"""The histories from which credits are computed: for every person whom a change concerns, their touches, what was
excluded, and their conversions.

Every conversion belongs to exactly one history. Its person is its customer's; else its e-mail hash's; else its
visitor's at its time; else its click's. A shared identifier decides only where there is no other; a conversion that
states none at all is a person of its own. People without conversions earn nobody credit and get no history, but their
place in the index of people is kept up to date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from control.identity import store, types
from control.identity.closure import Closure
from control.identity.resolve import People
from control.identity.types import (
    ExcludedTouch,
    History,
    Identifier,
    Person,
    PersonConversion,
    Refund,
    Touch,
)


async def take_histories(
    connection: AsyncConnection, workspace_id: str, identifiers: Iterable[Identifier]
) -> list[History]:
    """The histories of all people to whom these identifiers belong now or belonged until now, in order of person id.

    Writes the index of people anew for everybody concerned, in the caller's transaction.
    """
    closure, people, histories = await _read(connection, workspace_id, identifiers)
    now = people.index()
    moved = {one: person for one, person in now.items() if closure.indexed.get(one) != person}
    await store.write_index(
        connection, workspace_id, {one: person for one, person in moved.items() if one.kind != "conversion"}
    )
    return histories


async def read_histories(
    connection: AsyncConnection, workspace_id: str, identifiers: Iterable[Identifier]
) -> list[History]:
    """The same without writing, as an explanation needs it."""
    _, _, histories = await _read(connection, workspace_id, identifiers)
    return histories


async def _read(
    connection: AsyncConnection, workspace_id: str, identifiers: Iterable[Identifier]
) -> tuple[Closure, People, list[History]]:
    closure = Closure(connection, workspace_id)
    named = list(identifiers)
    # A conversion leads to whose it is by the identifiers that it states.
    stated = await store.conversions_of(connection, workspace_id, [one for one in named if one.kind == "conversion"])
    await closure.reach([*named, *(one for row in stated.values() for one in _identifiers(row))])
    people = closure.people()
    conversions = await _conversions(connection, workspace_id, closure, people)
    visits = await _visits(connection, workspace_id, people, conversions)
    histories = [
        _history(people, people.persons[person_id], closure.clicks, visits.get(person_id, []), owned)
        for person_id, owned in sorted(conversions.items())
    ]
    return closure, people, histories


async def _conversions(
    connection: AsyncConnection, workspace_id: str, closure: Closure, people: People
) -> dict[str, list[PersonConversion]]:
    """The conversions of everybody in the closure, by person. Those that were met by an identifier which is not what
    decides (a shared click) belong to somebody whom the change doesn't concern."""
    rows = await store.conversions_of(connection, workspace_id, list(closure.identifiers))
    owners = {row.id: owner for row in rows.values() if (owner := _owner(row, closure, people))}
    refunds: defaultdict[str, list[Refund]] = defaultdict(list)
    for refund in await store.refunds_of(connection, workspace_id, owners):
        refunds[refund.conversion_id].append(Refund(refund.id, refund.time_ms, refund.amount))
    conversions: defaultdict[str, list[PersonConversion]] = defaultdict(list)
    for conversion_id, person_id in owners.items():
        conversion = _conversion(rows[conversion_id], closure.clicks, refunds.get(conversion_id, []))
        conversions[person_id].append(conversion)
    return conversions


async def _visits(
    connection: AsyncConnection, workspace_id: str, people: People, conversions: Iterable[str]
) -> dict[str, list[store.VisitRow]]:
    """The visits of those who have conversions, by person; of a cut visitor, in their own time alone."""
    persons = [people.persons[person_id] for person_id in conversions]
    visitors = {one for person in persons for one in person.identifiers if one.kind == "visitor"}
    visitors |= {span.visitor for person in persons for span in person.spans}
    visits: defaultdict[str, list[store.VisitRow]] = defaultdict(list)
    for row in await store.visits_of(connection, workspace_id, store.raw_ids(visitors, "visitor")):
        if person_id := people.owner(types.visitor(row.visitor_id), row.time_ms):
            visits[person_id].append(row)
    return visits


def _identifiers(row: store.ConversionRow) -> list[Identifier]:
    """What a conversion states about its person, what decides first coming first."""
    stated: list[Identifier] = []
    if row.customer:
        stated.append(Identifier("customer", row.customer))
    if row.email_hash:
        stated.append(Identifier("email", row.email_hash))
    if row.visitor_id is not None:
        stated.append(types.visitor(row.visitor_id))
    if row.click_id is not None:
        stated.append(types.click(row.click_id))
    return stated


def _owner(row: store.ConversionRow, closure: Closure, people: People) -> str | None:
    stated = _identifiers(row) or [Identifier("conversion", row.id)]
    decisive = next((one for one in stated if one not in people.shared), stated[0])
    return people.owner(decisive, row.time_ms) if decisive in closure.identifiers else None


def _conversion(
    row: store.ConversionRow, clicks: dict[Identifier, store.ClickRow], refunds: list[Refund]
) -> PersonConversion:
    click = None if row.click_id is None else clicks.get(types.click(row.click_id))
    return PersonConversion(
        id=row.id,
        definition_id=row.definition_id,
        name=row.name,
        time_ms=row.time_ms if click is None else max(row.time_ms, click.time_ms),
        received_ms=row.received_ms,
        click_id=row.click_id if click is None or click.alias_of is None else click.alias_of,
        amount=row.amount,
        currency=row.currency,
        order_id=row.order_id,
        source=row.source,
        refunds=tuple(refunds),
    )


def _history(
    people: People,
    person: Person,
    clicks: dict[Identifier, store.ClickRow],
    visits: list[store.VisitRow],
    conversions: list[PersonConversion],
) -> History:
    touches: list[Touch] = []
    excluded: list[ExcludedTouch] = []
    came_by = people.shared_clicks.get(person.id, set()).union(person.identifiers)
    for row in (clicks[one] for one in came_by if one in clicks):
        fields = ("click", row.id, row.time_ms, row.link_id, row.campaign_id, row.channel)
        if row.kind == "human":
            touches.append(Touch(*fields))
        else:
            excluded.append(ExcludedTouch(*fields, _click_reason(row)))
    for row in visits:
        fields = ("visit", row.id, row.time_ms, None, None, row.channel)
        if row.reason:
            excluded.append(ExcludedTouch(*fields, row.reason))
        elif row.channel:
            touches.append(Touch(*fields))
    by_time = attrgetter("time_ms", "id")
    return History(
        person_id=person.id,
        identifiers=person.identifiers,
        joins=person.joins,
        spans=person.spans,
        touches=tuple(sorted(touches, key=by_time)),
        excluded=tuple(sorted(excluded, key=by_time)),
        conversions=tuple(sorted(conversions, key=by_time)),
    )


def _click_reason(row: store.ClickRow) -> str:
    """`bot:…` names the rule that told it; every other class is a reason by itself."""
    if row.kind != "bot":
        return row.kind
    return row.reason if row.reason.startswith("bot:") else f"bot:{row.reason or 'unknown'}"
