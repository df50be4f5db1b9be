"""The edge stands alone: neither it nor what it shares may reach into the control plane."""

import ast
import subprocess
import sys

import pytest

from tests.support.imports import ROOT, imported_packages, modules

FORBIDDEN = {"edge": {"control", "tests", "loadtests"}, "shared": {"control", "edge", "tests", "loadtests"}}

IMPORT_ALL_OF_EDGE = """
import importlib, pkgutil, sys
import edge
names = ["edge"] + [module.name for module in pkgutil.walk_packages(edge.__path__, "edge.")]
for name in names:
    importlib.import_module(name)
print(len(names), *sorted(name for name in sys.modules if name.partition(".")[0] == "control"))
"""


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_module_imports_upwards(package: str) -> None:
    sources = modules(package)
    assert sources, f"{package} holds no module"
    offenders = {str(source.relative_to(ROOT)): imported_packages(source) & FORBIDDEN[package] for source in sources}
    assert {source: found for source, found in offenders.items() if found} == {}


def test_no_relative_import_leaves_its_package() -> None:
    relative = [
        f"{source.relative_to(ROOT)}:{node.lineno}"
        for package in FORBIDDEN
        for source in modules(package)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 1
    ]
    assert relative == []


def test_the_whole_edge_runs_without_the_control_plane() -> None:
    """What static reading cannot see: importlib, plug-ins and libraries that pull something in."""
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL_OF_EDGE], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ran.returncode == 0, ran.stderr
    count, *of_control = ran.stdout.split()
    assert int(count) > 1
    assert of_control == []
