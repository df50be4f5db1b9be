"""What the system may have none of for a while: descriptors, buffers, memory.

An error of that kind passes, and says nothing of what was to be opened: whoever meets it goes on with what it has and
asks again later.
"""

from __future__ import annotations

import errno
from typing import Final

_SHORTAGES: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


def is_shortage(error: Exception) -> bool:
    """Whether an error says that only."""
    return isinstance(error, OSError) and error.errno in _SHORTAGES
