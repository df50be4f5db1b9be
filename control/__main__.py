"""`python -m control`: the `clicktrail` command from a checkout that was not installed."""

from control.cli.main import main

if __name__ == "__main__":
    main()
