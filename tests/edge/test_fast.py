"""The fast path says what the general path says, and records the same."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge import record
from edge.agent.ring_reader import RingReader, find_rings
from edge.counts import Counts
from edge.fast import FastPath, Peer
from edge.links import LinkCache
from edge.proxies import Proxies
from edge.redirects import Redirects
from edge.ring import RingWriter
from shared import click_id
from shared.wire import Arm, ChangePage, DomainEntry, Preview, Rule
from tests.edge.agent_process import Agent
from tests.edge.building import HOST, changed, domain, fill, link, removed

BROWSER = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
PREVIEW = "User-Agent: facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
GPC = "Sec-GPC: 1"
DIRECT = Peer(b"\x7f\0\0\1", is_direct=True)
DIRECT_V6 = Peer(bytes(15) + b"\1", is_direct=True)


class Worker:
    """One worker's fast path over a real cache and a real ring."""

    def __init__(self, folder: Path) -> None:
        self._rings = folder / "rings"
        self.cache = LinkCache.open(folder / "links")
        self.counts = Counts()
        self.ring = RingWriter.open(self._rings, 0, 1 << 20, 4 << 20)
        redirects = Redirects(self.cache, self.ring, Proxies(()), self.counts)
        self.fast = FastPath(redirects, self.cache, self.ring, self.counts)

    def general(self, head: bytes, peer: Peer = DIRECT) -> bytes:
        self.fast.begin()
        reply = self.fast.other(head, peer, is_last=False)
        assert reply is not None
        return reply.data

    def known(self, head: bytes, peer: Peer = DIRECT) -> bytes | None:
        self.fast.begin()
        answer = self.fast.answer(head, peer)
        self.fast.commit()
        return answer

    def clicks(self) -> list[record.Click]:
        (ring,) = find_rings(self._rings)
        reader = RingReader.open(ring)
        found = [record.decode(payload) for run in iter(reader.read, None) for payload in run.payloads]
        reader.close()
        return [click for click in found if isinstance(click, record.Click)]


@contextmanager
def working(folder: Path) -> Generator[Worker]:
    worker = Worker(folder)
    yield worker
    worker.ring.close()
    worker.cache.close()


def head(target: str = "/spring", *lines: str, method: str = "GET", host: str = HOST) -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", "")).encode()


def without_ids(answer: bytes) -> bytes:
    """An answer with its times and ids made equal, and its lines in one order."""
    answer = re.sub(rb"Date: [^\r]*", b"Date: then", answer)
    answer = re.sub(rb"(?<=#ct_|_ct=|ctv=|ref=|\?ct=|&ct=)[\w-]{22}", b"ID", answer)
    return b"\r\n".join(sorted(answer.split(b"\r\n")))


VISITOR = click_id.encode(click_id.new())
CLIENTS = {
    "browser": (BROWSER,),
    "preview": (PREVIEW,),
    "gpc": (BROWSER, GPC),
    "nothing": (),
    "known": (BROWSER, f"Cookie: _ctv={VISITOR}"),
    "known among others": (BROWSER, f"Cookie: _ga=GA1.1.2; _ctv={VISITOR}; x=y", "Accept: */*"),
    "known preview": (PREVIEW, f"Cookie: _ctv={VISITOR}"),
    "known with gpc": (BROWSER, GPC, f"Cookie: a; _ctv={VISITOR}"),
    "other cookies": (BROWSER, "Cookie: _ga=GA1.1.2; octv=1"),
    "a broken id": (BROWSER, f"Cookie: _ctv={VISITOR[:-1]}"),
    "no id": (BROWSER, f"Cookie: _ctv={'-' * 22}"),
    "another's": (BROWSER, f"Cookie: x_ctv={VISITOR}"),
}
LINKS = [
    link("plain"),
    link("query", destination="https://shop.example/sale?a=b#top", carry="query"),
    link("route", destination="https://shop.example/#/route", carry="query", query_name="ref"),
    link("cookie", carry="cookie"),
    link("either", carry="cookie", carry_without_cookie="query", destination="https://shop.example/?x=1"),
    link("for-good", status=301),
    link("for-good-too", status=308, referrer_policy="no-referrer"),
    link("zeros", destination="https://shop.example/" + "0" * 22),
]
DOMAINS = [domain(), domain(cookie_domain="shop.example"), domain(consent="required"), domain(consent="cookieless")]


def assert_the_third_is_as_the_first(worker: Worker, request: bytes, peer: Peer = DIRECT) -> bytes:
    """Answer and record of a request that the general path judges twice, and the fast path then."""
    before = worker.counts.redirects
    assert worker.known(request, peer) is None, request
    first, _ = worker.general(request, peer), worker.general(request, peer)
    third = worker.known(request, peer)
    assert third is not None, request
    assert without_ids(third) == without_ids(first)
    assert worker.counts.redirects - before == 3
    general, _, fast = worker.clicks()[-3:]
    assert fast.click_id != general.click_id
    assert click_id.encode(fast.click_id).encode() in third
    for name in ("link_id", "arm", "no_click", "carry", "address", "host", "head"):
        assert getattr(fast, name) == getattr(general, name), (name, request)
    assert (fast.visitor == fast.click_id) == (general.visitor == general.click_id)
    if fast.visitor != fast.click_id:
        assert fast.visitor == general.visitor
    assert click_id.time_ms_of(fast.click_id) == fast.time_ms >= general.time_ms
    return third


@pytest.mark.parametrize("short_domain", DOMAINS, ids=lambda found: f"{found.consent}-{found.cookie_domain}")
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_the_third_request_for_a_link_is_answered_as_the_first(
    tmp_path: Path, short_domain: DomainEntry, client: tuple[str, ...]
) -> None:
    fill(tmp_path / "links", short_domain, *LINKS)
    with working(tmp_path) as worker:
        for entry in LINKS:
            peer = DIRECT_V6 if entry.carry == "query" else DIRECT
            assert_the_third_is_as_the_first(worker, head(f"/{entry.slug}", *client), peer)


QUERIES = ("gclid=1", "x=2&a=%C3%BC&a=3&ref=me", "ct=1&r=2", "%63t=1&b=2&", "", "&&", "a=b?c=d/+")


@pytest.mark.parametrize("client", ["browser", "gpc", "known"])
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_goes_on_to_the_destination_on_either_path(tmp_path: Path, client: str, query: str) -> None:
    fill(tmp_path / "links", domain(cookie_domain="shop.example"), *LINKS)
    with working(tmp_path) as worker:
        for entry in LINKS:
            third = assert_the_third_is_as_the_first(worker, head(f"/{entry.slug}?{query}", *CLIENTS[client]))
            assert (b"gclid=1" in third) == (query == "gclid=1")


def test_a_link_that_passes_no_query_on_passes_none_on_the_fast_path(tmp_path: Path) -> None:
    fill(tmp_path / "links", domain(), link(forward_query=False))
    with working(tmp_path) as worker:
        assert b"gclid" not in assert_the_third_is_as_the_first(worker, head("/spring?gclid=1", BROWSER))


def test_a_link_that_lies_ready_is_found_with_and_without_a_query(tmp_path: Path) -> None:
    fill(tmp_path / "links", domain(), link())
    with working(tmp_path) as worker:
        for number in range(2):
            worker.general(head(f"/spring?number={number}", BROWSER))
        for target in ("/spring", "/spring?number=3", "/spring?", "/spring??"):
            assert worker.known(head(target, BROWSER)) is not None, target


FAR = 4_102_444_800_000  # 2100-01-01
PHONE = "User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
ARM, OTHER_ARM = Arm(1, "https://shop.example/one"), Arm(7, "https://shop.example/other?a=b#c", weight=3)
RULES: dict[str, tuple[Rule, ...]] = {
    "device": (Rule((ARM,), devices=("mobile",)),),
    "system": (Rule((OTHER_ARM,), systems=("ios", "android")),),
    "country": (Rule((ARM,), countries=("US",)), Rule((OTHER_ARM,), countries=("AT", "DE"))),
    "language": (Rule((ARM,), languages=("de",)),),
    "time": (Rule((ARM,), from_ms=FAR), Rule((OTHER_ARM,), until_ms=FAR)),
    "split": (Rule((ARM, OTHER_ARM)),),
    "nobody": (Rule((ARM,), countries=("AQ",)),),
}
GUESTS = {
    "known": (BROWSER, f"Cookie: _ctv={VISITOR}"),
    "refusing": (BROWSER, GPC),
    "phone": (PHONE, GPC, "Accept-Language: de-AT,de;q=0.9,en;q=0.8"),
    "known phone": (PHONE, "Accept-Language: de", f"Cookie: _ctv={VISITOR}"),
    "preview": (PREVIEW,),
}
AUSTRIAN = Peer(bytes((194, 232, 104, 1)), is_direct=True)


@pytest.mark.parametrize("client", GUESTS.values(), ids=GUESTS)
@pytest.mark.parametrize("carry", ["fragment", "cookie"])
def test_rules_decide_the_same_on_either_path(tmp_path: Path, client: tuple[str, ...], carry: str) -> None:
    links = [link(name, carry=carry, rules=rules, expires_ms=FAR) for name, rules in RULES.items()]
    fill(tmp_path / "links", domain(cookie_domain="shop.example"), *links)
    with working(tmp_path) as worker:
        for name in RULES:
            assert_the_third_is_as_the_first(worker, head(f"/{name}?gclid=1", *client), AUSTRIAN)
        assert {click.arm for click in worker.clicks()} >= {0, 7}


def test_a_new_visitor_comes_back_to_the_arm_that_was_drawn(tmp_path: Path) -> None:
    fill(tmp_path / "links", domain(), link(rules=RULES["split"]))
    with working(tmp_path) as worker:
        for _ in range(2):
            worker.general(head("/spring", BROWSER))
        drawn: set[int] = set()
        for _ in range(40):
            first = worker.known(head("/spring", BROWSER))
            assert first is not None
            cookie = re.search(rb"_ctv=[\w-]{22}", first)
            assert cookie is not None
            again = worker.known(head("/spring", BROWSER, f"Cookie: {cookie[0].decode()}"))
            assert again is not None
            one, two = worker.clicks()[-2:]
            assert one.arm == two.arm
            drawn.add(one.arm)
        assert drawn == {1, 7}


def test_a_link_closes_on_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "links", domain(), link(expires_ms=FAR))
    request = head("/spring", BROWSER)
    with working(tmp_path) as worker:
        for _ in range(2):
            worker.general(request)
        assert worker.known(request) is not None
        for now_ms, is_open in ((FAR - 1, True), (FAR, False), (FAR + 1, False)):
            monkeypatch.setattr("time.time_ns", lambda now_ms=now_ms: now_ms * 1_000_000)
            assert (worker.known(request) is not None) == is_open
        assert b" 410 " in worker.general(request)
        assert len(worker.clicks()) == 4


@pytest.mark.parametrize(
    "request_",
    [
        head("/spring?gclid=1#top", BROWSER),
        head('/spring?a="1"', BROWSER),
        head("/spring?a=1 ", BROWSER),
        head("/spring", BROWSER, host="go.shop.example?"),
        head("/spring", BROWSER).replace(b"Host: ", b"Host:? "),
        head("/spring", f"Cookie: _ctv={VISITOR}", BROWSER),
        head("/spring", BROWSER, method="HEAD"),
        head("/spring?gclid=1", BROWSER, method="HEAD"),
        head("/spring", BROWSER, f"Cookie: _ctv={VISITOR}; _ctv={VISITOR}"),
        head("/spring", BROWSER, f"Cookie: _ct={VISITOR}.{VISITOR}; _ctv={VISITOR}"),
        head("/spring", BROWSER, "Cookie: a=\x01"),
        head("/spring", BROWSER, "Cookie: a=1", "Cookie: b=1"),
        head("/spring", BROWSER, f"cookie: _ctv={VISITOR}"),
        head("/spring", BROWSER, "Sec-Purpose: prefetch"),
        head("/spring", BROWSER, "Connection: close"),
        head("/spring", BROWSER, "Host: other.example"),
        head("/spring", BROWSER, "Content-Length: 3"),
        head("/spring", BROWSER, "Upgrade: h2c"),
        head("/unknown", BROWSER),
        head("/unknown?gclid=1", BROWSER),
        head("/spring", BROWSER, host="other.example"),
        head("/spring", BROWSER) + b"GET ",
        head("/spring", BROWSER) + f"Cookie: _ctv={VISITOR}\r\n".encode(),
        head("/spring", BROWSER)[:-4] + f"\nCookie: _ctv={VISITOR}\r\n\r\n".encode(),
        head("/spring", BROWSER)[:-4] + f"\x1d\nCookie: _ctv={VISITOR}\r\n\r\n".encode(),
        head("/spring", BROWSER) * 2,
        head("/spring", BROWSER)[:-1],
        b"",
    ],
)
def test_whatever_is_not_the_plain_case_is_left_to_others(tmp_path: Path, request_: bytes) -> None:
    fill(tmp_path / "links", domain(), link())
    with working(tmp_path) as worker:
        for _ in range(3):
            worker.general(head("/spring", BROWSER))
            worker.fast.begin()
            if request_.endswith(b"\r\n\r\n"):
                worker.fast.other(request_, DIRECT, is_last=False)
        assert worker.known(head("/spring", BROWSER)) is not None
        assert worker.known(request_) is None


def test_click_ids_that_were_set_before_matter_where_another_joins_them(tmp_path: Path) -> None:
    fill(tmp_path / "links", domain(), link("cookie", carry="cookie"), link("fragment"))
    held = f"Cookie: _ct={VISITOR}.{VISITOR}"
    with working(tmp_path) as worker:
        assert b"#ct_" in assert_the_third_is_as_the_first(worker, head("/fragment", BROWSER, held))
        for _ in range(3):
            worker.general(head("/cookie", BROWSER))
        assert worker.known(head("/cookie", BROWSER)) is not None
        assert worker.known(head("/cookie", BROWSER, held)) is None
        assert f"~{VISITOR}.{VISITOR};".encode() in worker.general(head("/cookie", BROWSER, held))


def test_behind_a_trusted_proxy_the_address_lines_count(tmp_path: Path) -> None:
    fill(tmp_path / "links", domain(), link())
    with working(tmp_path) as worker:
        for _ in range(3):
            worker.general(head("/spring", BROWSER))
        assert worker.known(head("/spring", BROWSER), Peer(b"\x7f\0\0\1", is_direct=False)) is None


@pytest.mark.parametrize(
    "more",
    [
        {"is_exhausted": True},
        {"is_honeypot": True},
        {"preview": Preview()},
        {"carry": "none"},
        {"rules": (Rule((Arm(1, "https://shop.example/", carry="none"),)),)},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_link_with_cases_of_its_own_is_left_to_the_general_path(tmp_path: Path, more: dict[str, Any]) -> None:
    fill(tmp_path / "links", domain(), link(**more))
    with working(tmp_path) as worker:
        for _ in range(3):
            worker.general(head("/spring", BROWSER))
        assert worker.known(head("/spring", BROWSER)) is None


def test_a_link_asked_for_once_is_not_made_ready(tmp_path: Path) -> None:
    """So that links which nobody else asks for push out none that are popular."""
    fill(tmp_path / "links", domain(), link())
    with working(tmp_path) as worker:
        worker.general(head("/spring", BROWSER))
        assert worker.known(head("/spring", BROWSER)) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (changed(11, link(destination="https://new.example/")), b"https://new.example/"),
        (removed(11, f"link:{HOST}/spring"), b" 404 "),
        (changed(11, domain(consent="cookieless")), b"#ct_"),
    ],
    ids=["edited", "removed", "domain"],
)
def test_an_edit_is_live_at_the_next_look(agent: Agent, links_dir: Path, change: ChangePage, expected: bytes) -> None:
    agent.take_snapshot(domain(), link())
    request = head("/spring", BROWSER)
    with working(links_dir.parent) as worker:
        worker.general(request)
        worker.general(request)
        before = worker.known(request)
        assert before is not None
        assert b"_ctv=" in before
        agent.apply(change)
        worker.cache.refresh()
        assert worker.known(request) is None
        after = worker.general(request)
        assert expected in after
        assert b"_ctv=" not in after or b"new" in after
