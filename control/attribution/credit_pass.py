"""The credit pass: the only writer of credits.

One pass is one transaction over one workspace: take marks, compute the people they concern, append to the ledger what
differs. A crash undoes all of it, marks included, so nothing is lost and nothing is done twice. What commits meanwhile
brings marks of its own and is left to the next pass; a fact is therefore credited by a pass that began after it, never
by chance.

Two passes never work on one workspace at a time: each holds the workspace's advisory lock (SQLite has one writer
anyway), because two marks may turn out to concern one person, and which person they concern is known only after the
histories are read. Workspaces run side by side.

A pass is bounded (`PASS_IDENTIFIERS`), so that on SQLite the writing of clicks never waits long for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from control.attribution import store
from control.attribution.counting import Counting, click_key, not_counted, overturned
from control.attribution.ledger import State, reason_of
from control.attribution.paths import path_of
from control.attribution.refunds import clamp
from control.attribution.store import Definition, Mark, NewVersion, OpenVersion
from control.identity.history import take_histories
from control.identity.observe import mark_dirty
from control.identity.types import History, Identifier, PersonConversion
from control.store.engine import Database

PASS_IDENTIFIERS = 500  # whose people a pass computes
MARKS_SEEN = 10_000  # among which it looks for further marks of the same people


class PassReport(NamedTuple):
    """What one pass did. `marks` is 0 when nothing was dirty, or all of it is in another pass's hands."""

    marks: int = 0
    people: int = 0
    conversions: int = 0
    appended: int = 0


async def run_pass(database: Database, now_ms: int, limit: int = PASS_IDENTIFIERS) -> PassReport:
    """Bring up to date the credits of everybody whom the first `limit` dirty identifiers of one workspace concern.

    A person's facts are marked one by one, so further marks of the same people are dealt with at once. Only marks that
    were there before the histories were read may go: a later one stands for a fact that they may lack.
    """
    async with database.transaction() as connection:
        workspace_id = await _lock_any_workspace(connection)
        if workspace_id is None:
            return PassReport()
        marks = await store.waiting_marks(connection, workspace_id, MARKS_SEEN)
        taken = list(dict.fromkeys(mark.identifier for mark in marks))[:limit]
        histories = await take_histories(connection, workspace_id, taken)
        reasons = _reasons(marks)
        definitions = await store.definitions(connection, workspace_id)
        rules: dict[str, Counting] = {one: definition.counting for one, definition in definitions.items()}
        concerned = [conversion for history in histories for conversion in history.conversions]
        ids = [conversion.id for conversion in concerned]
        keys = {key for conversion in concerned if (key := click_key(conversion, rules))}
        claims = await store.claims_on(connection, workspace_id, keys)
        others = [Identifier("conversion", one) for one in overturned(claims, ids)]
        await mark_dirty(connection, workspace_id, others, "superseded")
        open_versions = await store.open_versions(connection, ids)
        changed = [
            version
            for history in histories
            for version in _changed_versions(
                history, definitions, not_counted(history, rules, claims), open_versions, _reasons_for(history, reasons)
            )
        ]
        await store.append(connection, workspace_id, changed, now_ms)
        done = _done(marks, taken, histories)
        await store.remove_marks(connection, done)
        return PassReport(len(done), len(histories), len(ids), len(changed))


def _changed_versions(
    history: History,
    definitions: Mapping[str, Definition],
    uncounted: Mapping[str, Counting],
    open_versions: Mapping[str, OpenVersion],
    marked: set[str],
) -> Iterable[NewVersion]:
    """The versions that a person's conversions need, now that their history is this one."""
    for conversion in history.conversions:
        definition = definitions[conversion.definition_id]
        state = _state(history, conversion, definition, counted=conversion.id not in uncounted)
        standing = open_versions.get(conversion.id)
        if standing is None or standing.state != state:
            reason = reason_of(standing.state if standing else None, state, marked)
            yield NewVersion(conversion.id, standing, state, reason, uncounted.get(conversion.id, ""))


def _state(history: History, conversion: PersonConversion, definition: Definition, *, counted: bool) -> State:
    refunded = clamp(conversion.amount, conversion.refunds)
    return State(
        person_id=history.person_id,
        definition_version=definition.version,
        window_ms=definition.window_ms,
        time_ms=conversion.time_ms,
        name=conversion.name,
        counted=counted,
        amount=conversion.amount,
        refunded=refunded.amount,
        fully_refunded=refunded.is_full,
        currency=conversion.currency,
        path=path_of(history.touches, conversion.time_ms, definition.window_ms).touches,
    )


async def _lock_any_workspace(connection: AsyncConnection) -> str | None:
    """A workspace with marks that no other pass is working on."""
    passed_over: list[str] = []
    while (workspace_id := await store.next_workspace(connection, passed_over)) is not None:
        if await store.lock_workspace(connection, workspace_id):
            return workspace_id
        passed_over.append(workspace_id)
    return None


def _done(marks: Iterable[Mark], taken: Iterable[Identifier], histories: Iterable[History]) -> list[int]:
    """The marks that these histories answer. A cut visitor is no sole property of a person, and a shared click of none,
    so marks of such are only done when they themselves were taken."""
    answered = set(taken)
    for history in histories:
        answered.update(history.identifiers)
        answered.update(Identifier("conversion", conversion.id) for conversion in history.conversions)
    return [mark.id for mark in marks if mark.identifier in answered]


def _reasons(marks: Iterable[Mark]) -> dict[Identifier, set[str]]:
    """Why each identifier was marked."""
    reasons: dict[Identifier, set[str]] = {}
    for mark in marks:
        reasons.setdefault(mark.identifier, set()).add(mark.reason)
    return reasons


def _reasons_for(history: History, reasons: Mapping[Identifier, set[str]]) -> set[str]:
    """Why this person was marked."""
    known = [
        *history.identifiers,
        *(span.visitor for span in history.spans),
        *(Identifier("conversion", conversion.id) for conversion in history.conversions),
    ]
    return {reason for identifier in known for reason in reasons.get(identifier, ())}
