"""A bounded dictionary of what was used lately."""

from __future__ import annotations

from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Hot(Generic[Key, Value]):
    """When the younger half is full it becomes the older one, and what nobody asked for since is forgotten. No order to
    keep up on a hit."""

    def __init__(self, bound: int) -> None:
        self._half = bound // 2
        self.young: dict[Key, Value] = {}
        """To look into without a call; what isn't here may still be held, as `get` says."""
        self._old: dict[Key, Value] = {}

    def get(self, key: Key) -> Value | None:
        value = self.young.get(key)
        if value is None and (value := self._old.pop(key, None)) is not None:
            self.put(key, value)
        return value

    def put(self, key: Key, value: Value) -> Value:
        if len(self.young) >= self._half:
            self._old = self.young.copy()
            self.young.clear()
        self.young[key] = value
        return value

    def put_found(self, key: Key, value: Value | None) -> Value | None:
        return None if value is None else self.put(key, value)

    def drop(self, key: Key) -> None:
        self.young.pop(key, None)
        self._old.pop(key, None)

    def clear(self) -> None:
        self.young.clear()
        self._old.clear()
