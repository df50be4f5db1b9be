"""A typo in the configuration is an error that names it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shared.config import ConfigError, load, read_file, reject_unknown_variables


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    port: int = 8080
    name: str = ""
    proxies: tuple[str, ...] = ()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "clicktrail.toml"
    file.write_text('[edge]\nport = 1\nname = "Zürich"\n')
    environ = {"CLICKTRAIL_EDGE_PORT": "2", "CLICKTRAIL_EDGE_PROXIES": "10.0.0.0/8,::1", "HOME": "/"}
    assert load("edge", Example, read_file(file, environ), environ) == Example(2, "Zürich", ("10.0.0.0/8", "::1"))


def test_no_file_gives_the_defaults() -> None:
    assert load("edge", Example, read_file(None, {}), {}) == Example()


def test_another_parts_table_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "clicktrail.toml"
    file.write_text("[control]\nanything = 1\n")
    assert load("edge", Example, read_file(None, {"CLICKTRAIL_CONFIG": str(file)}), {}) == Example()


@pytest.mark.parametrize(
    ("content", "environ", "named"),
    [
        ("[edge]\nprot = 1\n", {}, "`prot`"),
        ('[edge]\nport = "many"\n', {}, "port"),
        ("[egde]\nport = 1\n", {}, "`egde`"),
        ("edge = 1\n", {}, r"\[edge\]"),
        ("[edge\n", {}, "TOML"),
        ("", {"CLICKTRAIL_EDGE_PROT": "1"}, "CLICKTRAIL_EDGE_PROT"),
        ("", {"CLICKTRAIL_EDGE_PORT": "many"}, "port"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, content: str, environ: dict[str, str], named: str) -> None:
    file = tmp_path / "clicktrail.toml"
    file.write_text(content)
    with pytest.raises(ConfigError, match=named):
        load("edge", Example, read_file(file, environ), environ)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_file(tmp_path / "nowhere.toml", {})


def test_a_variable_of_no_part_is_named() -> None:
    reject_unknown_variables({"CLICKTRAIL_EDGE_PORT": "1", "CLICKTRAIL_CONFIG": "x", "CLICKTRAIL_DEMO_SEED": "1"})
    with pytest.raises(ConfigError, match="CLICKTRAIL_EGDE_PORT"):
        reject_unknown_variables({"CLICKTRAIL_EGDE_PORT": "1"})
