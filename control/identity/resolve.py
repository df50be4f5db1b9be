"""From a set of observations to people.

People are the connected components of the observations, under guards that keep a shared laptop, a forwarded newsletter
or an info@ address from melting strangers into one person. Everything here is a function of the *set* of observations:
arrival order, repeats and the order of an observation's two ends change nothing, so a person can be computed anew at
any time, on any machine, and comes out the same.

1. *Shared* identifiers join nobody: a click or recipient id met by more than SHARED_ABOVE visitors (a recipient meets
   those of its clicks as well), an e-mail hash met by more than SHARED_ABOVE customers. Each is a person of its own. A
   shared click is still a touch of everybody who landed with it: they did come that way.
2. Customers are united by an e-mail hash that each of them stated, and by a user's merge. After this no two customers
   of one namespace ever come together: every later join that would bring them together is refused.
3. Visitors, in the order of their first identify. One whose customers can be one person joins them. Any other is *cut*:
   what it met at some time belongs to the customer of its next identify, or of its last where none follows.
4. All other observations, the strongest first and the earliest first among equals: what a server or a user stated; who
   landed with a click; the click that a browser still remembered when its customer bought; the recipient of a
   newsletter, who may have passed it on.

Steps 3 and 4 are Kruskal's algorithm with a forbidden outcome: the order decides which of two contradicting statements
stands, and it is an order of the observations themselves (strength, time, ends, source), never of their arrival.

A person's id is a hash of its least identifier, customers before e-mail hashes, visitors and clicks, so that it is the
same wherever it is computed and seldom changes: new clicks and visitors don't rename a known customer.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from hashlib import sha256
from operator import attrgetter

from control.identity.types import Identifier, Join, Kind, Observation, Person, Span
from shared import ids

SHARED_ABOVE = 3

_TIME = attrgetter("time_ms")

# What names a person: the identifier that stays longest comes first.
_NAMING: dict[Kind, int] = {"customer": 0, "email": 1, "recipient": 2, "visitor": 3, "click": 4, "conversion": 5}
_IDENTITIES = ("customer", "email")
# How strong a browser's statement about two kinds is, the pair in alphabetical order; 0 is a server's or a user's. What
# steps 2 and 3 take is not listed.
_STRENGTH: dict[tuple[Kind, Kind], int] = {
    ("click", "click"): 1,
    ("click", "visitor"): 1,
    ("visitor", "visitor"): 1,
    ("click", "customer"): 2,
    ("click", "email"): 2,
    ("customer", "recipient"): 2,
    ("email", "recipient"): 2,
    ("click", "recipient"): 3,
    ("recipient", "recipient"): 3,
    ("recipient", "visitor"): 3,
}


class People:
    """Who is who: `persons` by id, the `shared` identifiers, and whose an identifier is at a time."""

    def __init__(self, persons: Iterable[Person], shared: Set[Identifier], observations: Iterable[Observation]) -> None:
        self.persons = {person.id: person for person in persons}
        self.shared = shared
        self._owners = {one: person.id for person in self.persons.values() for one in person.identifiers}
        spans: defaultdict[Identifier, list[tuple[float, str]]] = defaultdict(list)
        for person in self.persons.values():
            for span in person.spans:
                until = float("inf") if span.until_ms is None else span.until_ms
                spans[span.visitor].append((until, person.id))
        self._cut = {one: sorted(ends) for one, ends in spans.items()}
        self.shared_clicks: defaultdict[str, set[Identifier]] = defaultdict(set)  # that a person came by
        for one in observations:
            if one.a.kind == "click" and one.a in shared and (person_id := self.owner(one.b, one.time_ms)):
                self.shared_clicks[person_id].add(one.a)

    def owner(self, identifier: Identifier, time_ms: int | None = None) -> str | None:
        """The id of the person whose `identifier` was at `time_ms` (None: is now); None when it was never observed."""
        ends = self._cut.get(identifier)
        if ends is None:
            return self._owners.get(identifier)
        return ends[-1][1] if time_ms is None else ends[bisect_left(ends, (time_ms, ""))][1]

    def index(self) -> dict[Identifier, str]:
        """Every identifier and the person that it belongs to now."""
        return self._owners | {visitor: ends[-1][1] for visitor, ends in self._cut.items()}


def resolve(
    workspace_id: str,
    observations: Iterable[Observation],
    *,
    alone: Iterable[Identifier] = (),
    aliases: Mapping[Identifier, Identifier] | None = None,
    shared: Set[Identifier] = frozenset(),
) -> People:
    """The people that these observations make.

    `alone` are identifiers that may be in no observation and are somebody nevertheless. `aliases` lead from a duplicate
    click to its chain's first, for which it stands. `shared` are identifiers known to be shared by observations that
    are not among the given ones.
    """
    aliases = aliases or {}
    seen = {_normal(observation, aliases) for observation in observations}
    shared = _shared(seen) | shared
    groups = _Groups()
    for identifier in {end for one in seen for end in (one.a, one.b)} | {aliases.get(one, one) for one in alone}:
        groups.add(identifier)
    joining = sorted(one for one in seen if one.a != one.b and one.a not in shared and one.b not in shared)
    joining.sort(key=_TIME)
    _join_customers(groups, joining)
    cut = _join_visitors(groups, joining)
    _join_the_rest(groups, joining, cut)
    return People(_persons(workspace_id, groups, cut, aliases), shared, seen)


def person_id(workspace_id: str, identifiers: Iterable[Identifier]) -> str:
    """The id (`per_…`) of the person whom these identifiers make."""
    least = min(identifiers, key=lambda one: (_NAMING[one.kind], one.value))
    digest = sha256("\0".join((workspace_id, *least)).encode()).digest()
    return ids.from_bytes("per", digest[: ids.ID_BYTES])


class _Groups:
    """Union–find over identifiers. Each group knows the namespaces of the customers that it holds, which step 2 makes
    one person each; `joins` are the observations that united two groups, with an identifier of the united group."""

    def __init__(self) -> None:
        self._parents: dict[Identifier, Identifier] = {}
        self._namespaces: dict[Identifier, frozenset[str]] = {}
        self.joins: list[tuple[Identifier, Observation]] = []

    def __iter__(self) -> Iterator[Identifier]:
        return iter(self._parents)

    def add(self, identifier: Identifier) -> None:
        self._parents[identifier] = identifier
        if identifier.kind == "customer":
            self._namespaces[identifier] = frozenset((identifier.value.partition(":")[0],))

    def find(self, identifier: Identifier) -> Identifier:
        parents = self._parents
        root = identifier
        while parents[root] is not root:
            root = parents[root]
        while parents[identifier] is not root:
            parents[identifier], identifier = root, parents[identifier]
        return root

    def can_be_one(self, identifiers: Iterable[Identifier]) -> bool:
        """Whether no namespace has a customer in two of the identifiers' groups."""
        met: set[str] = set()
        for root in {self.find(one) for one in identifiers}:
            namespaces = self._namespaces.get(root, frozenset())
            if not met.isdisjoint(namespaces):
                return False
            met |= namespaces
        return True

    def unite_if_allowed(self, a: Identifier, b: Identifier, observation: Observation) -> None:
        """What steps 3 and 4 may do: unite the two unless a namespace has a customer in both groups."""
        root, child = self.find(a), self.find(b)
        theirs = self._namespaces.get(child)
        if theirs is None or theirs.isdisjoint(self._namespaces.get(root, ())):
            self._unite(root, child, observation)

    def unite(self, a: Identifier, b: Identifier, observation: Observation) -> None:
        """What step 2 may do: unite the two whatever they hold."""
        self._unite(self.find(a), self.find(b), observation)

    def _unite(self, root: Identifier, child: Identifier, observation: Observation) -> None:
        if root is child:
            return
        self._parents[child] = root
        theirs = self._namespaces.pop(child, None)
        if theirs is not None:
            self._namespaces[root] = theirs.union(self._namespaces.get(root, ()))
        self.joins.append((root, observation))


def _normal(observation: Observation, aliases: Mapping[Identifier, Identifier]) -> Observation:
    a, b = observation.a, observation.b
    a, b = aliases.get(a, a), aliases.get(b, b)
    if b < a:
        a, b = b, a
    return Observation(a, b, observation.time_ms, observation.source)


def _shared(observations: Set[Observation]) -> set[Identifier]:
    met: defaultdict[Identifier, set[Identifier]] = defaultdict(set)
    clicks_of_recipients: list[tuple[Identifier, Identifier]] = []
    for one in observations:
        a, b = one.a, one.b
        match a.kind, b.kind:
            case ("click" | "recipient", "visitor"):
                met[a].add(b)
            case "customer", "email":
                met[b].add(a)
            case "click", "recipient":
                clicks_of_recipients.append((a, b))
            case _:
                pass
    for click, recipient in clicks_of_recipients:
        met[recipient] |= met.get(click, set())
    return {identifier for identifier, others in met.items() if len(others) > SHARED_ABOVE}


def _join_customers(groups: _Groups, observations: list[Observation]) -> None:
    """Step 2, and after it what else was stated about two customers or two e-mail hashes."""
    weaker: list[Observation] = []
    for one in observations:
        if one.a.kind in _IDENTITIES and one.b.kind in _IDENTITIES:
            if one.source == "user" or one.a.kind != one.b.kind:
                groups.unite(one.a, one.b, one)
            else:
                weaker.append(one)
    for one in weaker:
        groups.unite_if_allowed(one.a, one.b, one)


def _join_visitors(groups: _Groups, observations: list[Observation]) -> dict[Identifier, list[Observation]]:
    """Step 3; returns the cut visitors with their identifies in order of time, the least of those at one instant."""
    identifies: defaultdict[Identifier, list[Observation]] = defaultdict(list)
    for one in observations:
        if one.a.kind in _IDENTITIES and one.b.kind == "visitor":
            identifies[one.b].append(one)
    cut: dict[Identifier, list[Observation]] = {}
    for visitor, stated in sorted(identifies.items(), key=lambda item: (item[1][0].time_ms, item[0])):
        if groups.can_be_one(one.a for one in stated):
            for one in stated:
                groups.unite(one.a, visitor, one)
        else:
            cut[visitor] = [one for at, one in enumerate(stated) if at == 0 or stated[at - 1].time_ms != one.time_ms]
    return cut


def _join_the_rest(
    groups: _Groups, observations: list[Observation], cut: Mapping[Identifier, list[Observation]]
) -> None:
    """Step 4. The sort keeps the order in time within a strength."""

    def place(identifier: Identifier, time_ms: int) -> Identifier:
        stated = cut.get(identifier)
        if stated is None:
            return identifier
        return stated[min(bisect_left(stated, time_ms, key=_TIME), len(stated) - 1)].a

    listed = [one for one in observations if (one.a.kind, one.b.kind) in _STRENGTH]
    for one in sorted(listed, key=_strength):
        groups.unite_if_allowed(place(one.a, one.time_ms), place(one.b, one.time_ms), one)


def _strength(observation: Observation) -> int:
    return 0 if observation.source in ("server", "user") else _STRENGTH[observation.a.kind, observation.b.kind]


def _persons(
    workspace_id: str,
    groups: _Groups,
    cut: Mapping[Identifier, list[Observation]],
    aliases: Mapping[Identifier, Identifier],
) -> Iterator[Person]:
    members: defaultdict[Identifier, list[Identifier]] = defaultdict(list)
    for identifier in groups:
        if identifier not in cut:
            members[groups.find(identifier)].append(identifier)
    # An alias names nobody: whether it is one may change with a click that arrives late.
    names = {root: person_id(workspace_id, identifiers) for root, identifiers in members.items()}
    known = set(groups)
    for alias, first in aliases.items():
        if first in known:
            members[groups.find(first)].append(alias)
    joins: defaultdict[Identifier, list[Join]] = defaultdict(list)
    for identifier, one in groups.joins:
        joins[groups.find(identifier)].append(Join(one.a, one.b, one.time_ms, one.source))
    spans: defaultdict[Identifier, list[Span]] = defaultdict(list)
    for visitor, stated in cut.items():
        for root, span in _spans(groups, visitor, stated):
            spans[root].append(span)
    for root, identifiers in members.items():
        yield Person(
            names[root],
            tuple(sorted(identifiers)),
            tuple(sorted(joins[root], key=lambda join: (join.time_ms, join.a, join.b))),
            tuple(sorted(spans[root], key=lambda span: (span.visitor, span.after_ms or 0))),
        )


def _spans(groups: _Groups, visitor: Identifier, stated: list[Observation]) -> Iterator[tuple[Identifier, Span]]:
    """A cut visitor's spans and the group of each: the time up to every identify, the last one's without an end."""
    owners = [(one.time_ms, groups.find(one.a)) for one in stated]
    after_ms: int | None = None
    for at, (until_ms, root) in enumerate(owners):
        last = at == len(owners) - 1
        if last or owners[at + 1][1] != root:
            yield root, Span(visitor, after_ms, None if last else until_ms)
            after_ms = until_ms
