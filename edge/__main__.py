"""`clicktrail-edge`, also as `python -m edge`: ends in a sentence where an edge's libraries are not installed."""

from __future__ import annotations

import sys

from shared import missing


def main() -> int:
    """Entry point of `clicktrail-edge`. Returns the exit code."""
    try:
        from edge.command import main as run
    except ModuleNotFoundError as error:
        return missing.explain(error, "clicktrail-edge", "install `clicktrail[edge]`")
    return run()


if __name__ == "__main__":
    sys.exit(main())
