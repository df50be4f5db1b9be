"""The edge: redirects, records, and keeps redirecting whatever else fails. Never imports the control plane.

How msgspec is imported decides when the first visitor is answered. It prefers `typing_extensions`, where that is
installed, to the standard library's `typing`. The import costs 30 ms in the supervisor and again in each worker, a
fifth of the time to the first redirect, for nothing that Python 3.11 lacks. So msgspec is shown that there is none.
"""

import sys

_HIDDEN = "typing_extensions"

if _HIDDEN not in sys.modules:
    sys.modules[_HIDDEN] = None  # pyright: ignore[reportArgumentType] — how Python itself says that there is none
    try:
        import msgspec as msgspec
    finally:
        del sys.modules[_HIDDEN]
