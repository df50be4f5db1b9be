"""People as a function of the set of observations, under the guards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from control.identity.resolve import SHARED_ABOVE, People, person_id, resolve
from control.identity.types import Identifier, Observation, Source, Span, stated_together

WORKSPACE = "wsp_1"
LANDING: Source = "landing"


def click(name: str) -> Identifier:
    return Identifier("click", name)


def visitor(name: str) -> Identifier:
    return Identifier("visitor", name)


def customer(name: str) -> Identifier:
    return Identifier("customer", name if ":" in name else f"shop:{name}")


def email(name: str) -> Identifier:
    return Identifier("email", name)


def recipient(name: str) -> Identifier:
    return Identifier("recipient", name)


def seen(a: Identifier, b: Identifier, time_ms: int, source: Source = "identify") -> Observation:
    return Observation(a, b, time_ms, source)


def people_of(*observations: Observation) -> People:
    return resolve(WORKSPACE, observations)


def partition(people: People) -> set[frozenset[Identifier]]:
    return {frozenset(person.identifiers) for person in people.persons.values()}


class TestOnePerson:
    def test_a_phone_and_a_laptop_meet_by_the_customer_who_uses_both(self) -> None:
        people = people_of(
            seen(click("c"), visitor("phone"), 10, "landing"),
            seen(visitor("phone"), customer("ada"), 20),
            seen(visitor("laptop"), customer("ada"), 900),
        )
        assert partition(people) == {frozenset((click("c"), visitor("phone"), visitor("laptop"), customer("ada")))}

    def test_an_email_hash_that_two_customers_state_makes_them_one(self) -> None:
        people = people_of(seen(customer("1"), email("e"), 1), seen(customer("2"), email("e"), 2))
        assert people.owner(customer("1")) == people.owner(customer("2"))

    def test_a_user_can_make_two_customers_one(self) -> None:
        assert len(people_of(seen(customer("1"), customer("2"), 1, "user")).persons) == 1
        assert len(people_of(seen(customer("1"), customer("2"), 1, "server")).persons) == 2

    def test_customers_of_different_namespaces_can_share_a_visitor(self) -> None:
        people = people_of(seen(customer("shop:1"), visitor("v"), 1), seen(customer("app:9"), visitor("v"), 2))
        assert people.owner(customer("shop:1")) == people.owner(customer("app:9"))

    def test_a_person_is_named_by_the_identifier_that_stays_longest(self) -> None:
        before = people_of(seen(customer("ada"), visitor("v"), 5))
        after = people_of(seen(customer("ada"), visitor("v"), 5), seen(click("a"), visitor("v"), 1, LANDING))
        assert before.owner(visitor("v")) == after.owner(click("a")) == person_id(WORKSPACE, [customer("ada")])
        assert person_id("wsp_2", [customer("ada")]) != person_id(WORKSPACE, [customer("ada")])

    def test_the_joins_say_which_observation_brought_each_identifier(self) -> None:
        people = people_of(
            seen(click("c"), visitor("v"), 10, LANDING),
            seen(click("c"), visitor("v"), 30, LANDING),
            seen(customer("ada"), visitor("v"), 20),
        )
        (person,) = people.persons.values()
        assert [(join.a, join.b, join.time_ms) for join in person.joins] == [
            (click("c"), visitor("v"), 10),
            (customer("ada"), visitor("v"), 20),
        ]

    def test_a_duplicate_click_stands_for_its_chains_first(self) -> None:
        people = resolve(
            WORKSPACE, [seen(click("second"), visitor("v"), 5, LANDING)], aliases={click("second"): click("first")}
        )
        assert people.owner(click("first")) == people.owner(click("second")) == people.owner(visitor("v"))


class TestASharedLaptop:
    OBSERVATIONS = (
        seen(click("1"), visitor("laptop"), 10, LANDING),
        seen(customer("ada"), visitor("laptop"), 20),
        seen(click("2"), visitor("laptop"), 20, LANDING),
        seen(click("3"), visitor("laptop"), 21, LANDING),
        seen(customer("bob"), visitor("laptop"), 30),
        seen(click("4"), visitor("laptop"), 40, LANDING),
    )

    def test_two_people_on_one_laptop_stay_two(self) -> None:
        people = people_of(*self.OBSERVATIONS)
        ada, bob = people.owner(customer("ada")), people.owner(customer("bob"))
        assert ada != bob
        assert [people.owner(click(name)) for name in "1234"] == [ada, ada, bob, bob]

    def test_whose_the_laptop_is_depends_on_the_time(self) -> None:
        people = people_of(*self.OBSERVATIONS)
        ada, bob = people.owner(customer("ada")), people.owner(customer("bob"))
        times = (0, 20, 21, 30, 10**15, None)
        assert [people.owner(visitor("laptop"), time_ms) for time_ms in times] == [ada, ada, bob, bob, bob, bob]
        assert ada is not None
        assert people.persons[ada].spans == (Span(visitor("laptop"), None, 20),)
        assert bob is not None
        assert people.persons[bob].spans == (Span(visitor("laptop"), 20, None),)

    def test_it_goes_back_and_forth(self) -> None:
        people = people_of(*self.OBSERVATIONS, seen(customer("ada"), visitor("laptop"), 50))
        assert people.owner(click("4")) == people.owner(customer("ada")) != people.owner(click("3"))

    def test_it_is_whole_again_once_both_turn_out_to_be_one_person(self) -> None:
        people = people_of(
            *self.OBSERVATIONS, seen(customer("ada"), email("e"), 60), seen(customer("bob"), email("e"), 61)
        )
        assert len(people.persons) == 1
        assert not any(person.spans for person in people.persons.values())

    def test_a_click_that_the_browser_still_remembers_stays_with_who_made_it(self) -> None:
        bought = stated_together([click("1"), customer("bob"), visitor("laptop")], 35, "event")
        people = people_of(*self.OBSERVATIONS, *bought)
        assert people.owner(click("1")) == people.owner(customer("ada"))

    def test_a_click_that_a_server_names_goes_to_its_customer(self) -> None:
        people = people_of(
            seen(click("c"), visitor("v"), 1, LANDING),
            seen(customer("bob"), visitor("v"), 2),
            seen(click("c"), customer("ada"), 3, "server"),
        )
        assert people.owner(click("c")) == people.owner(customer("ada")) != people.owner(visitor("v"))

    def test_a_third_namespace_never_bridges_two_customers_of_one(self) -> None:
        people = people_of(
            seen(customer("shop:1"), visitor("a"), 1),
            seen(customer("app:9"), visitor("a"), 2),
            seen(customer("app:9"), visitor("b"), 3),
            seen(customer("shop:2"), visitor("b"), 4),
        )
        assert people.owner(customer("app:9")) == people.owner(customer("shop:1")) != people.owner(customer("shop:2"))


class TestSharedIdentifiers:
    def test_a_forwarded_newsletter_joins_nobody_from_the_fourth_reader_on(self) -> None:
        def read(readers: int) -> People:
            return people_of(
                *(seen(click(f"c{n}"), recipient("r"), n, LANDING) for n in range(readers)),
                *(seen(click(f"c{n}"), visitor(f"v{n}"), n, LANDING) for n in range(readers)),
            )

        assert len(read(SHARED_ABOVE).persons) == 1
        people = read(SHARED_ABOVE + 1)
        assert partition(people) == {
            frozenset((recipient("r"),)),
            *(frozenset((click(f"c{n}"), visitor(f"v{n}"))) for n in range(SHARED_ABOVE + 1)),
        }

    def test_a_copied_address_joins_nobody_and_is_a_touch_of_everybody_who_came_by_it(self) -> None:
        people = people_of(*(seen(click("c"), visitor(str(n)), n, LANDING) for n in range(SHARED_ABOVE + 1)))
        assert len(people.persons) == SHARED_ABOVE + 2
        for n in range(SHARED_ABOVE + 1):
            owner = people.owner(visitor(str(n)))
            assert owner is not None
            assert people.shared_clicks[owner] == {click("c")}

    def test_an_address_that_many_customers_give_joins_nobody(self) -> None:
        people = people_of(*(seen(customer(str(n)), email("info"), n) for n in range(SHARED_ABOVE + 1)))
        assert len(people.persons) == SHARED_ABOVE + 2

    def test_what_is_shared_elsewhere_joins_nobody_here(self) -> None:
        people = resolve(WORKSPACE, [seen(click("c"), visitor("v"), 1)], shared={click("c")})
        assert people.owner(click("c")) != people.owner(visitor("v"))


names = st.sampled_from("1234")
identifiers = st.one_of(
    names.map(click),
    names.map(visitor),
    names.map(email),
    st.sampled_from("12").map(recipient),
    st.sampled_from(["shop:1", "shop:2", "shop:3", "app:1", "app:2"]).map(customer),
)
observations = st.lists(
    st.builds(
        Observation,
        identifiers,
        identifiers,
        st.integers(0, 8),
        st.sampled_from(["landing", "identify", "event", "server", "user"]),
    ).filter(lambda one: one.a != one.b),
    max_size=25,
)


def answers(people: People) -> object:
    """Everything that resolution says."""
    return people.persons, people.index(), dict(people.shared_clicks)


@given(observations, st.randoms())
def test_arrival_order_repeats_and_the_order_of_the_ends_change_nothing(
    stated: list[Observation], random: object
) -> None:
    again = [Observation(one.b, one.a, one.time_ms, one.source) for one in stated] + stated[::2]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert answers(people_of(*again)) == answers(people_of(*stated))


@given(observations)
def test_two_customers_of_a_namespace_are_one_only_by_emails_and_merges(stated: list[Observation]) -> None:
    identities = [
        one for one in stated if {one.a.kind, one.b.kind} <= {"customer", "email"} and one.a.kind != one.b.kind
    ]
    merges = [one for one in stated if one.source == "user" and {one.a.kind, one.b.kind} <= {"customer", "email"}]
    allowed = resolve(WORKSPACE, identities + merges)
    people = people_of(*stated)
    customers = [one for one in people.index() if one.kind == "customer"]
    for one in customers:
        for other in customers:
            same_namespace = one.value.split(":")[0] == other.value.split(":")[0]
            if one != other and same_namespace and people.owner(one) == people.owner(other):
                assert allowed.owner(one) == allowed.owner(other)


@given(observations)
def test_every_identifier_has_one_owner_at_any_time(stated: list[Observation]) -> None:
    people = people_of(*stated)
    for identifier in {end for one in stated for end in (one.a, one.b)}:
        holders = [person for person in people.persons.values() if identifier in person.identifiers]
        spans = [span for person in people.persons.values() for span in person.spans if span.visitor == identifier]
        assert len(holders) == (0 if spans else 1)
        if spans:
            ends = sorted(-1 if span.after_ms is None else span.after_ms for span in spans)
            untils = sorted(10**18 if span.until_ms is None else span.until_ms for span in spans)
            assert ends[0] == -1
            assert untils[-1] == 10**18
            assert ends[1:] == untils[:-1]


@given(observations, observations)
def test_an_unrelated_observation_changes_nobody_else(stated: list[Observation], others: list[Observation]) -> None:
    def elsewhere(one: Identifier) -> Identifier:
        return Identifier(one.kind, f"other:{one.value}")

    unrelated = [Observation(elsewhere(one.a), elsewhere(one.b), one.time_ms, one.source) for one in others]
    before, after = people_of(*stated), people_of(*stated, *unrelated)
    for identifier in {end for one in stated for end in (one.a, one.b)}:
        owner = before.owner(identifier)
        assert owner == after.owner(identifier)
        assert owner is not None
        assert before.persons[owner] == after.persons[owner]


anonymous = st.lists(
    st.builds(
        Observation,
        names.map(click),
        st.sampled_from("123").map(visitor),  # no more than a shared click would need
        st.integers(0, 8),
        st.just(LANDING),
    ),
    max_size=20,
)


@given(anonymous, anonymous)
def test_without_customers_and_shared_identifiers_more_observations_only_unite(
    stated: list[Observation], more: list[Observation]
) -> None:
    after = partition(people_of(*stated, *more))
    for group in partition(people_of(*stated)):
        assert any(group <= larger for larger in after)
