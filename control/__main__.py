"""`clicktrail`, also as `python -m control`: ends in a sentence where only an edge is installed."""

from __future__ import annotations

import sys

from control.cli.failure import USAGE_ERROR

_OURS = ("control", "edge", "shared")


def main() -> None:
    """Entry point of `clicktrail`."""
    try:
        from control.cli.main import main as run
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] in _OURS:
            raise
        print(
            f"clicktrail: {missing.name} is missing: install `clicktrail[control]`, or use clicktrail-edge, "
            "which has all that an edge needs",
            file=sys.stderr,
        )
        sys.exit(USAGE_ERROR)
    run()


if __name__ == "__main__":
    main()
