"""`clicktrail`, also as `python -m control`: ends in a sentence where only an edge is installed."""

from __future__ import annotations

import sys

from shared import missing

ADVICE = "install `clicktrail[control]`, or use clicktrail-edge, which has all that an edge needs"


def main() -> None:
    """Entry point of `clicktrail`."""
    try:
        from control.cli.main import main as run
    except ModuleNotFoundError as error:
        sys.exit(missing.explain(error, "clicktrail", ADVICE))
    run()


if __name__ == "__main__":
    main()
