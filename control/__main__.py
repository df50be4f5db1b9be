<<<<<<< HEAD
"""`python -m control`: the same as `clicktrail`."""
=======
"""`python -m control`: the `clicktrail` command from a checkout that was not installed."""
>>>>>>> api

from control.cli.main import main

if __name__ == "__main__":
    main()
