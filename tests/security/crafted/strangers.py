"""What arrives on a public port and is no HTTP/1 at all."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from tests.security.crafted.request import GOOD, Case

_TLS_BODY = b"\x03\x03" + bytes(range(32)) + b"\0\0\x02\x13\x01\x01\0\0\0"
_PROTOCOLS = {
    "nothing": b"",
    "TLS hello": b"\x16\x03\x01"
    + struct.pack(">H", len(_TLS_BODY) + 4)
    + b"\x01"
    + struct.pack(">I", len(_TLS_BODY))[1:]
    + _TLS_BODY,
    "SSL 2 hello": b"\x80\x2e\x01\x03\x01\0\x15\0\0\0\x10" + bytes(37),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "HTTP/2 preface, half": b"PRI * HTTP/2.0\r\n\r\n",
    "PROXY v1": b"PROXY TCP4 203.0.113.7 127.0.0.1 5 80\r\n" + GOOD,
    "PROXY v1 unknown": b"PROXY UNKNOWN\r\n" + GOOD,
    "PROXY v2": b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + GOOD,
    "SOCKS 4": b"\x04\x01\0\x50\x7f\0\0\x01\0",
    "SOCKS 5": b"\x05\x01\0",
    "SSH": b"SSH-2.0-OpenSSH_9.9\r\n",
    "SMB": b"\0\0\0\x54\xffSMBr" + bytes(80),
    "RDP": b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0",
    "FTP": b"USER anonymous\r\nPASS x\r\n",
    "SMTP": b"EHLO example.com\r\nMAIL FROM:<a@b>\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "memcached": b"stats\r\n",
    "Postgres": b"\0\0\0\x08\x04\xd2\x16\x2f",
    "MongoDB": struct.pack("<iiii", 58, 0, 0, 2004) + bytes(42),
    "RTSP": b"DESCRIBE rtsp://go.shop.example/spring RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "SIP": b"OPTIONS sip:nm SIP/2.0\r\nVia: SIP/2.0/TCP nm\r\n\r\n",
    "Gopher": b"/spring\r\n",
    "HTTP/0.9": b"GET /spring\r\n",
    "HTTP response": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "Java RMI": b"JRMI\0\x02K",
    "DNS": struct.pack(">H", 29) + b"\0\x06\x01\0\0\x01\0\0\0\0\0\0\x07version\x04bind\0\0\x10\0\x03",
    "LDAP": b"0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\0\x80\0",
    "JSON": b'{"method":"GET","path":"/spring"}\r\n\r\n',
    "shellshock": b"GET /spring HTTP/1.1\r\nHost: go.shop.example\r\nUser-Agent: () { :;}; echo x\r\n\r\n",
    "every byte": bytes(range(256)) * 4,
    "zeros": bytes(20_000),
    "0xff": b"\xff" * 20_000,
    "line without an end": b"GET /" + b"x" * 100_000,
    "field without an end": b"GET /spring HTTP/1.1\r\nHost: " + b"x" * 100_000,
    "fields without an end": b"GET /spring HTTP/1.1\r\n" + b"A: b\r\n" * 20_000,
}


def protocols() -> Iterator[Case]:
    for name, data in _PROTOCOLS.items():
        yield Case(name, data)
        yield Case(f"{name}, then empty lines", data + b"\r\n\r\n")
        yield Case(f"{name}, then a request", data + GOOD)


def noise() -> Iterator[Case]:
    chance = random.Random("noise")
    for number in range(60):
        yield Case(f"{number}", chance.randbytes(chance.choice((1, 10, 100, 1_000, 10_000))) + b"\r\n\r\n")
    for number in range(60):
        line = bytes(chance.choices(b"GETHADPOS /:.*?#%\r\n\t 01", k=chance.randrange(1, 80)))
        yield Case(f"{number} of HTTP's own characters", line + b"\r\n\r\n")
