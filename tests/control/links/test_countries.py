"""One list of countries, here and in the dashboard."""

from __future__ import annotations

import re

from control.links.countries import COUNTRIES
from tests.support.imports import ROOT


def test_the_dashboard_offers_the_countries_that_are_taken() -> None:
    assert len(COUNTRIES) == 250  # ISO 3166-1 has 249
    source = (ROOT / "control/web/src/lib/countries.ts").read_text(encoding="utf-8")
    offered = re.findall(r"\b[A-Z]{2}\b", source.partition("COUNTRIES = `")[2].partition("`")[0])
    assert sorted(offered) == sorted(COUNTRIES)
