#!/bin/sh
# Builds .venv from hashed pins with the Python named in $1: uv by pip, everything else by uv, which is ten times faster.
set -eu

"$1" -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else
    f"Clicktrail needs Python 3.11 or newer; this is {sys.version.split()[0]}. Choose another with make PYTHON=python3.12")'

# A moved or half-built environment is rebuilt: its scripts name the folder that they were made in.
if ! .venv/bin/pip --version >/dev/null 2>&1; then
    "$1" -m venv --clear .venv || {
        echo "could not make a virtual environment; on Debian and Ubuntu install python3-venv" >&2
        exit 1
    }
fi
.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r scripts/bootstrap.txt
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r constraints.txt
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
