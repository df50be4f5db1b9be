"""Configuration: one TOML file, every key also an environment variable, a typo an error that names it.

A file has one table a part (`[edge]`, `[control]`, `[log]`). A program decodes the tables it knows into msgspec structs
and leaves the other parts' alone, so that one file can serve every process of a machine. `CLICKTRAIL_EDGE_PORT=8081` is
`port` of `[edge]` and wins over the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import msgspec

SECTIONS = ("edge", "control", "log")
PREFIX = "CLICKTRAIL_"
CONFIG_VARIABLE = "CLICKTRAIL_CONFIG"
_RESERVED = (CONFIG_VARIABLE, "CLICKTRAIL_TEST_", "CLICKTRAIL_DEMO_")

Section = TypeVar("Section", bound=msgspec.Struct)


class ConfigError(Exception):
    """One sentence for the person who wrote the configuration: which key, where, what to do."""


class LogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[log]`: how much to log, and for whom."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


def read_file(path: Path | None, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The tables of the configuration file, or of none. Looks at CLICKTRAIL_CONFIG where `path` is None."""
    environ = os.environ if environ is None else environ
    named = path or (Path(environ[CONFIG_VARIABLE]) if CONFIG_VARIABLE in environ else None)
    if named is None:
        return {}
    try:
        tables = tomllib.loads(named.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration file {named}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{named} is not valid TOML: {error}") from None
    for name, table in tables.items():
        if name not in SECTIONS:
            raise ConfigError(f"{named}: unknown table or key `{name}`; the tables are {', '.join(SECTIONS)}")
        if not isinstance(table, dict):
            raise ConfigError(f"{named}: `{name}` must be a table, written [{name}]")
    return tables


def load(
    section: str, into: type[Section], tables: Mapping[str, Any], environ: Mapping[str, str] | None = None
) -> Section:
    """One part's configuration: the file's table, overridden by the environment. Raises ConfigError."""
    environ = os.environ if environ is None else environ
    fields = {field.encode_name: field for field in msgspec.structs.fields(into)}
    values: dict[str, Any] = dict(tables.get(section, {}))
    for key in values:
        if key not in fields:
            raise ConfigError(f"unknown key `{key}` in [{section}]; known are {', '.join(sorted(fields))}")
    prefix = f"{PREFIX}{section.upper()}_"
    for variable, text in environ.items():
        if not variable.startswith(prefix) or variable.startswith(_RESERVED):
            continue
        key = variable[len(prefix) :].lower()
        if key not in fields:
            raise ConfigError(f"unknown environment variable {variable}: [{section}] has no key `{key}`")
        values[key] = text.split(",") if _is_list(fields[key].type) else text
    try:
        return msgspec.convert(values, into, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"[{section}]: {error}") from None


def reject_unknown_variables(environ: Mapping[str, str] | None = None) -> None:
    """Raises ConfigError for a CLICKTRAIL_… variable that belongs to no part at all."""
    for variable in os.environ if environ is None else environ:
        if variable.startswith(PREFIX) and not variable.startswith(_RESERVED):
            part = variable[len(PREFIX) :].partition("_")[0].lower()
            if part not in SECTIONS:
                starts = ", ".join(f"{PREFIX}{name.upper()}_" for name in SECTIONS)
                raise ConfigError(f"unknown environment variable {variable}; they start with {starts}")


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (list, tuple) or any(
        _is_list(part) for part in get_args(annotation) if part is not ...
    )
