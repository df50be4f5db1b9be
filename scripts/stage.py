"""Run one stage of the preparation quietly and say how long it took: `stage.py NAME COMMAND…`.

What the command prints is kept back, and shown only when it fails. The exit code is the command's.
"""

import subprocess
import sys
import time

NAME_WIDTH = 20


def main() -> int:
    name, *command = sys.argv[1:]
    print(f"  {name:<{NAME_WIDTH}}", end="", flush=True)
    started = time.monotonic()
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    print(f"{time.monotonic() - started:6.1f} s", flush=True)
    if ran.returncode != 0:
        sys.stdout.flush()
        sys.stdout.buffer.write(ran.stdout)
        print(f"the stage `{name}` failed; what it printed stands above")
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
