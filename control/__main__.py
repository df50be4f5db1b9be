"""`python -m control`: the same as `clicktrail`."""

from control.cli.main import main

if __name__ == "__main__":
    main()
