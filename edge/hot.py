"""A bounded dictionary of what was used lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Hot(Generic[Key, Value]):
    """When the younger half is full it becomes the older one, and what nobody asked for since is forgotten. No order to
    keep up on a hit."""

    def __init__(self, bound: int, size_of: Callable[[Value], int] = lambda _: 1) -> None:
        self._half = bound // 2
        self._size_of, self._young_size = size_of, 0
        self.young: dict[Key, Value] = {}
        """To look into without a call; what isn't here may still be held, as `get` says."""
        self._old: dict[Key, Value] = {}

    def __len__(self) -> int:
        return len(self.young) + len(self._old)

    def get(self, key: Key) -> Value | None:
        value = self.young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> Value:
        size = self._size_of(value)
        if self.young and self._young_size + size > self._half:
            self._old = self.young.copy()
            self.young.clear()
            self._young_size = 0
        self.young[key] = value
        self._young_size += size
        return value

    def put_found(self, key: Key, value: Value | None) -> Value | None:
        return None if value is None else self.put(key, value)

    def drop(self, key: Key) -> None:
        self.young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self.young.clear()
        self._old.clear()
        self._young_size = 0
