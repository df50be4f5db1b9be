"""Load tests. Each class below is a scenario, to be chosen by name:

    make loadtest ARGS="--host http://127.0.0.1:8080 --slugs links.txt --domain go.localhost"
    make loadtest SCENARIO=Journey ARGS="--api http://127.0.0.1:8000 --key pk_…"      # LOADTEST_API_KEY=sk_…

and in locust's page: `.venv/bin/python -m locust -f loadtests/locustfile.py --class-picker`. Several edges take
visitors in turn with `--edges` (or LOADTEST_EDGES). Load your own installation alone: clicks are recorded, conversions
credited, links edited. `docs/guides/operators.md` says more.
"""

from loadtests.scenarios.edits import EditStorm
from loadtests.scenarios.journeys import Beacons, Journey
from loadtests.scenarios.redirects import FlashCrowd, Redirects

__all__ = ["Beacons", "EditStorm", "FlashCrowd", "Journey", "Redirects"]
