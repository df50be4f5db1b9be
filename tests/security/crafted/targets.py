"""Request targets: the four forms, encodings, every byte."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from tests.edge.building import HOST
from tests.security.crafted.request import Case, named, request

_HOST = HOST.encode()
_SCHEMES = (b"http", b"https", b"HTTP", b"hTTpS", b"ftp", b"ws", b"http+unix", b"", b"1http")
_AUTHORITIES = (
    _HOST, _HOST.upper(), _HOST + b".", _HOST + b":80", _HOST + b":", _HOST + b":0", _HOST + b":65536",
    _HOST + b":8x", b"user@" + _HOST, b"user:word@" + _HOST, b"a@b@" + _HOST, b"other.example", b"[::1]", b"[::1]:80",
    b"[::1", b"::1", b"", b" ", b"%67o.shop.example", b"go.shop.example\\", b"go_shop", b"127.0.0.1",
    b"g\xc3\xb6.example",
)  # fmt: skip
_PATHS = (b"", b"/", b"/spring", b"?a=1", b"/spring?a=1#b")
_OTHER = (
    (b"OPTIONS", b"*"), (b"GET", b"*"), (b"HEAD", b"*"), (b"OPTIONS", b"*/x"), (b"CONNECT", _HOST + b":443"),
    (b"CONNECT", _HOST), (b"CONNECT", b"/spring"), (b"CONNECT", b"[::1]:443"), (b"CONNECT", b":443"),
    (b"CONNECT", b"http://x/"), (b"GET", _HOST + b":443"), (b"GET", _HOST), (b"GET", b"spring"),
    (b"GET", b"./spring"), (b"GET", b"../spring"), (b"GET", b"//spring"), (b"GET", b"///" + _HOST + b"/spring"),
    (b"GET", b"//" + _HOST + b"/spring"), (b"GET", b"\\spring"), (b"GET", b"/\\spring"), (b"GET", b"?a=1"),
    (b"GET", b"#x"), (b"GET", b";x"), (b"GET", b"/spring#x"), (b"GET", b"/spring?#x"), (b"GET", b"/#?x"),
    (b"GET", b"/spring?a=1#b?c"), (b"GET", b"/spring??"), (b"GET", b"/spring?a?b=c"), (b"GET", b"mailto:a@b"),
    (b"GET", b"urn:isbn:1"), (b"GET", b"data:text/html,x"), (b"GET", b"javascript:alert(1)"),
    (b"GET", b"file:///etc/passwd"), (b"GET", b"/http://" + _HOST + b"/spring"), (b"GET", b"/spring/http://x/"),
    (b"GET", b"/[spring"), (b"GET", b"//[spring"), (b"GET", b"/spring]"), (b"GET", b"/spring;jsessionid=1"),
    (b"GET", b"/spring/"), (b"GET", b"/Spring"), (b"GET", b"/.."), (b"GET", b"/a/../spring"), (b"GET", b"/./spring"),
    (b"GET", b"/_t"), (b"GET", b"/_t/"), (b"GET", b"/_t/../spring"), (b"GET", b"/_t/health/"),
    (b"GET", b"/_t/health?x=1"), (b"GET", b"/%5Ft/health"), (b"GET", b"/_t%2fhealth"), (b"GET", b"/_t/nothing"),
    (b"GET", b"/_T/health"), (b"GET", b"/robots.txt"), (b"GET", b"/favicon.ico"), (b"GET", b"/wp-login.php"),
)  # fmt: skip
_ENCODED = (
    b"%73pring", b"spr%69ng", b"spr%69%6Eg", b"spr%69%6eg", b"%2Fspring", b"%2fspring", b"spring%2F", b"spring%00",
    b"%00", b"spring%0d%0aSet-Cookie:x=1", b"spring%0A", b"%", b"spring%", b"spring%7", b"spring%zz", b"%%73pring",
    b"%25%37%33pring", b"%2573pring", b"spring%20", b"%20spring", b"+spring", b"spring+", b"%2e%2e/spring",
    b"%u0073pring", b"fr%C3%BCh", b"fr%c3%bch", b"fr%FCh", b"fr%C3h", b"fr%BCh", b"%C0%AFspring", b"%E0%80%AF",
    b"%ED%A0%80", b"%F4%90%80%80", b"%EF%BF%BD", b"%FF%FE", b"%F0%9F%92%9C", b"spring%EF%BC%8F", b"spr%C4%B1ng",
    b"%E2%80%AE", b"spring%7f", b"spring%80", b"fr\xc3\xbch", b"fr\xfch", b"\xf0\x9f\x92\x9c", b"\xc0\xaf",
    b"\xed\xa0\x80", b"fru\xcc\x88h", b"fru%CC%88h",
)  # fmt: skip


def absolute_form() -> Iterator[Case]:
    for scheme, authority in product(_SCHEMES, _AUTHORITIES):
        target = scheme + b"://" + authority + b"/spring"
        yield Case(named(target, 60), request(target=target))
    for authority, path in product(_AUTHORITIES, _PATHS):
        target = b"http://" + authority + path
        yield Case(f"{named(target, 60)} for another Host", request(target=target, host=b"Host: proxy.example"))
    for path in _PATHS:
        target = b"http://" + _HOST + path
        yield Case(f"{named(target)} without Host", request(target=target, host=None))
        yield Case(f"{named(target)} in HTTP/1.0", request(target=target, host=None, version=b"HTTP/1.0"))


def other_forms() -> Iterator[Case]:
    for method, target in _OTHER:
        yield Case(f"{method.decode()} {named(target)}", request(method=method, target=target))
    for length in (100, 4_000, 8_190, 16_000, 16_384, 20_000, 70_000):
        yield Case(f"{length} characters of path", request(target=b"/" + b"x" * length))
        yield Case(f"{length} characters of query", request(target=b"/spring?" + b"x" * length))
        yield Case(f"{length} slashes", request(target=b"/" * length))


def percent_encodings() -> Iterator[Case]:
    for encoded in _ENCODED:
        yield Case(f"{named(encoded)} as slug", request(target=b"/" + encoded))
        yield Case(f"{named(encoded)} in the query", request(target=b"/spring?a=" + encoded + b"&b=c"))
        yield Case(f"{named(encoded)} as a parameter's name", request(target=b"/query?" + encoded + b"=c"))


def bytes_in_targets() -> Iterator[Case]:
    for number in range(256):
        byte = bytes((number,))
        yield Case(f"0x{number:02x} in the path", request(target=b"/spr" + byte + b"ing"))
        yield Case(f"0x{number:02x} in the query", request(target=b"/query?a=" + byte + b"&b=" + byte + byte))
