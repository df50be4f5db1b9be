"""What a module imports, read from its source without running it."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]


def modules(package: str) -> list[Path]:
    """Every Python file of a top-level package, front-end folders passed over."""
    return sorted(path for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts)


def imported_packages(source: Path) -> set[str]:
    """The top-level packages that a module imports anywhere, inside functions and type-checking blocks too."""
    packages: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            packages.add(node.module.partition(".")[0])
    return packages
