"""When two servers have understood the same.

A request is *accepted* when it is answered as a request, whatever with: a redirect, 404, 405, a beacon's refusal. It is
*refused* when the server says that it is none (400 or 431, as a page), or closes the connection without a word. Nothing
is read after a refusal. Two exchanges **agree** when

1. as many requests were accepted in both, and the nth answers are equal: status, version, fields, body; without Date
   and the ids that are new with every answer;
2. their records are equal and in the same order, without times and those ids;
3. both or neither ended with a refusal, and the connection is open in both or closed in both.

So neither sees a request where the other sees none, or another one, which is what request smuggling needs. How a
refusal is worded is free: 400 or 431, or nothing at all.

How bytes are cut into pieces on their way is nobody's choice, and for malformed ones it makes a difference to aiohttp:
when a read holds a good request and a broken one, both are lost (it drops what it has parsed of a read when the rest
fails), and a request that closes its connection is answered when it came alone, but not when more came with it. So the
edge may do, for the pieces in which it gets some bytes, what the plain server does for the same pieces, or for these
cut once more behind some of the first heads, as if a request and the one behind it had not arrived together; or for
all in one. For well-formed bytes all of these are the same.

Bytes that cannot become a request may be refused at once or when they have come to an end. Where one server has refused
and the other waits, an empty line is sent after them, and then both must have refused.

A head is as large as it was sent, and refused with 431 when it is too large. aiohttp doesn't count the white space
around values, so it may take one that the edge refuses, never the other way round.
"""

from __future__ import annotations

from edge.answer import TOO_LARGE
from edge.framing import HEAD_MAX_BYTES
from tests.security.subjects import Exchange


def difference(one: Exchange, other: Exchange) -> str:
    """What two exchanges that should agree don't agree about; empty when they do."""
    if one.accepted != other.accepted:
        return _answers_differ(one, other)
    if one.records != other.records:
        return f"records differ: {one.records} and {other.records}"
    if one.is_refused != other.is_refused:
        return f"one refused, the other did not: {_statuses(one)} and {_statuses(other)}"
    if one.is_closed != other.is_closed:
        return f"one closed the connection, the other did not, after {_statuses(one)}"
    return ""


def is_refused_for_its_size(edge: Exchange, plain: Exchange, heads: list[bytes]) -> bool:
    """Whether the edge took what the plain server took, up to one of `heads` that is too large."""
    count = len(edge.accepted)
    return (
        any(len(head) > HEAD_MAX_BYTES for head in heads)
        and edge.replies[count:] != ()
        and edge.replies[-1].status == TOO_LARGE.status
        and edge.is_closed
        and edge.accepted == plain.accepted[:count]
        and edge.records == plain.records[: len(edge.records)]
    )


def _statuses(exchange: Exchange) -> str:
    return " ".join(str(reply.status) for reply in exchange.replies) or "no answer"


def _answers_differ(one: Exchange, other: Exchange) -> str:
    for first, second in zip(one.accepted, other.accepted, strict=False):
        if first != second:
            return f"answers differ: {first} and {second}"
    return f"{_statuses(one)} and {_statuses(other)}"
