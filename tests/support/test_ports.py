"""Ports that a test gets for servers which it starts later."""

from tests.support.ports import free_port


def test_no_port_is_given_twice_before_anybody_listens_on_it() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)
