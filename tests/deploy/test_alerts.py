"""Alert rules: Prometheus takes them, they name metrics that there are, and the operators' guide knows each."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

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


def test_damage_that_a_scrub_finds_is_told_of_for_an_hour(tmp_path: Path) -> None:
    """An edge whose metrics appear at minute 2, with one damaged reading already or 30 minutes later."""
    name = "ClicktrailScrubFoundDamage"
    labels = {"severity": "warning", "result": "damaged", "instance": "edge-1"}
    summary, runbook = "edge-1: the link cache was damaged where nobody had asked", "The link cache is damaged"
    told = [{"exp_labels": labels, "exp_annotations": {"summary": summary, "runbook": runbook}}]
    scenarios = {"_ _ 1x200": {5: told, 55: told, 70: []}, "_ _ 0x29 1x200": {20: [], 40: told, 100: []}}
    scenario = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": 'clicktrail_edge_scrubs_total{instance="edge-1",result="damaged"}', "values": values}
                ],
                "alert_rule_test": [
                    {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": alerts}
                    for minute, alerts in expected.items()
                ],
            }
            for values, expected in scenarios.items()
        ],
    }
    (tmp_path / "scenario.yml").write_text(json.dumps(scenario))
    command = [program("promtool", "prometheus"), "test", "rules", tmp_path / "scenario.yml"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


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
