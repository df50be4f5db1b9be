"""Whatever a part imports, its extra declares: `pip install clicktrail[edge]` brings an edge that starts."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.support.imports import ROOT, imported_packages, modules

OWN_PACKAGES = {"edge", "control", "shared", "loadtests", "tests", "scripts"}
EXTRAS_OF_PACKAGE = {
    "shared": [],
    "edge": ["edge"],
    "control": ["edge", "control"],
    "loadtests": ["edge", "control", "dev"],
    "tests": ["edge", "control", "dev"],
}


def distribution(requirement: str) -> str:
    """The normalised name at the head of a requirement such as `SQLAlchemy[asyncio]>=2`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None, requirement
    return re.sub(r"[-_.]+", "-", name.group()).lower()


def declared(extras: list[str]) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements: list[str] = list(project["dependencies"])
    for extra in extras:
        requirements += project["optional-dependencies"][extra]
    return {distribution(requirement) for requirement in requirements}


@pytest.mark.parametrize("package", EXTRAS_OF_PACKAGE)
def test_every_import_is_declared(package: str) -> None:
    imported = set[str]().union(*(imported_packages(source) for source in modules(package)))
    outside = imported - OWN_PACKAGES - set(sys.stdlib_module_names)
    providers = packages_distributions()
    allowed = declared(EXTRAS_OF_PACKAGE[package])
    undeclared = {
        name for name in outside if not {distribution(provider) for provider in providers.get(name, [name])} & allowed
    }
    assert undeclared == set()


def test_every_requirement_is_pinned_by_hash() -> None:
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = {distribution(line) for line in pins.splitlines() if line[:1].isalnum()}
    assert declared(["edge", "control", "dev"]) - {"clicktrail"} <= pinned
    assert pins.count("==") <= pins.count("--hash=sha256:")
