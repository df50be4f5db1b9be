"""Alert rules: Prometheus takes them, they name metrics that there are, and the operators' guide knows each."""

from __future__ import annotations

import re
import subprocess

from tests.support.imports import ROOT
from tests.support.programs import program

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
GUIDE = ROOT / "docs" / "guides" / "operators.md"
_metric = re.compile(r"clicktrail_edge_\w+")


def stem(metric: str) -> str:
    """A metric's name in the agent's source, without what its type adds."""
    return metric.removesuffix("_total").removesuffix("_info")


def exported() -> set[str]:
    source = (ROOT / "edge" / "agent" / "metrics.py").read_text(encoding="utf-8")
    return {stem(name) for name in re.findall(r'"(clicktrail_edge_\w+)"', source)}


def test_prometheus_takes_the_rules() -> None:
    command = [program("promtool", "prometheus"), "check", "rules", RULES]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_rules_and_guide_name_metrics_that_there_are_and_the_guide_names_all() -> None:
    rules, guide = RULES.read_text(encoding="utf-8"), GUIDE.read_text(encoding="utf-8")
    assert len(exported()) > 20
    assert {stem(name) for name in _metric.findall(rules)} <= exported()
    assert {stem(name) for name in _metric.findall(guide)} == exported()


def test_the_guide_says_what_to_do_about_each_alert() -> None:
    rules, guide = RULES.read_text(encoding="utf-8"), GUIDE.read_text(encoding="utf-8")
    alerts = re.findall(r"- alert: (\w+)", rules)
    passages = re.findall(r"runbook: (.+)", rules)
    assert len(alerts) == len(passages)
    assert sorted(re.findall(r"^\| `(Clicktrail\w+)` \|", guide, re.MULTILINE)) == sorted(alerts)
    for alert, passage in zip(alerts, passages, strict=True):
        assert f"\n### {passage}\n" in guide, passage
        row = next(line for line in guide.splitlines() if line.startswith(f"| `{alert}` |"))
        anchor = re.sub(r"[^\w\- ]", "", passage.lower()).replace(" ", "-")
        assert f"(#{anchor})" in row
