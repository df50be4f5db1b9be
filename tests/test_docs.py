"""What the documentation points at exists: pages, pictures, headings, and the files that a click passes through."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.imports import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PICTURE_MAX_BYTES = 150_000

_link = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
_code_path = re.compile(r"`((?:edge|control|shared|deploy)/[\w./-]+)`")
_beside = re.compile(r"`(\w+\.(?:py|ts))`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for match in _link.finditer(_without_code(page.read_text())):
        target = match[1] or match[2]
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{page.name} links to {target}"
        assert not heading or heading in _headings(found), f"{page.name} links to {target}"


def test_the_index_has_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / match[1]).resolve() for match in _link.finditer(index.read_text()) if match[1]}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - linked == {index}


def test_the_architecture_page_walks_files_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = [Path(path) for path in _code_path.findall(text)]
    assert len(named) > 40
    assert [path for path in named if not (ROOT / path).exists()] == []
    # A bare file name lies beside a file that the same row or paragraph names in full.
    for passage in re.split(r"\n\n|\n(?=\|)", text):
        folders = {ROOT / Path(path).parent for path in _code_path.findall(passage)}
        for name in _beside.findall(passage):
            assert any((folder / name).exists() for folder in folders), f"{name} in: {passage}"


def test_pictures_are_small() -> None:
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert [picture.name for picture in pictures if picture.stat().st_size > PICTURE_MAX_BYTES] == []


def _headings(page: Path) -> set[str]:
    """The anchors that a page's headings have on the usual renderers."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
