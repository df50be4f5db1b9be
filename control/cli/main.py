"""`clicktrail`: the command line. Each command reads its configuration and hands over; an error ends in a sentence.

A command imports what it needs when it runs: all of it together takes seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
import uvloop

from control.cli.failure import CliError
from control.config import OWNER_EMAIL, ControlConfig
from control.demo.world import PEOPLE
from shared import config as configuration
from shared import logs
from shared.missing import USAGE_ERROR

app = typer.Typer(
    name="clicktrail",
    help="Branded short links, and the conversions they lead to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(db, name="db")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="TOML file; also CLICKTRAIL_CONFIG.")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Data folder [default: clicktrail-data]")
]


def main() -> None:
    """Runs the command that was asked for."""
    try:
        app()
    except (CliError, configuration.ConfigError) as error:
        print(f"clicktrail: {error}", file=sys.stderr)
        sys.exit(USAGE_ERROR)


@app.command()
def up(
    data: DataOption = None,
    config: ConfigOption = None,
    email: Annotated[str, typer.Option(help="Owner's address, for the first start.")] = OWNER_EMAIL,
) -> None:
    """Run everything on this machine: control plane, credit worker, one edge."""
    settings, tables = _read(config, data, "up")
    from control.cli.up import up as run_up

    _run(run_up(settings, tables, email))


@app.command()
def control(data: DataOption = None, config: ConfigOption = None) -> None:
    """Run the control plane alone: API, dashboard, credit worker. Edges run elsewhere."""
    settings, _ = _read(config, data, "control")
    from control.cli.serve import run_control

    _run(run_control(settings))


@app.command()
def worker(data: DataOption = None, config: ConfigOption = None) -> None:
    """Run a further credit worker beside control planes that share a Postgres."""
    settings, _ = _read(config, data, "worker")
    from control.cli.serve import run_worker

    _run(run_worker(settings))


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def edge(context: typer.Context) -> None:
    """Run an edge alone, as `clicktrail-edge` does, with the same options and subcommands."""
    os.execv(sys.executable, [sys.executable, "-m", "edge", *context.args])


@app.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []})
def spool(context: typer.Context) -> None:
    """Look into the records on an edge's disk, as `clicktrail-edge spool` does."""
    os.execv(sys.executable, [sys.executable, "-m", "edge", "spool", *context.args])


@db.command("upgrade")
def db_upgrade(data: DataOption = None, config: ConfigOption = None) -> None:
    """Bring the database to this version's schema. Every start does that by itself."""
    settings, _ = _read(config, data, "db")
    from control.cli.runtime import open_services

    async def run() -> None:
        async with open_services(settings):
            typer.echo("The database is up to date.")

    _run(run())


@app.command("sign-in-link")
def sign_in_link(data: DataOption = None, config: ConfigOption = None) -> None:
    """Print a one-time link that signs the owner in."""
    settings, _ = _read(config, data, "sign-in-link")
    from control.cli.sign_in_link import print_sign_in_link

    _run(print_sign_in_link(settings))


@app.command()
def doctor(data: DataOption = None, config: ConfigOption = None) -> None:
    """Prove credits and counts against the facts they come from."""
    settings, _ = _read(config, data, "doctor")
    from control.cli.doctor import run_doctor

    _run(run_doctor(settings))


@app.command()
def demo(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Data folder of the demo.")] = Path("clicktrail-data/demo"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the demo's data and make it anew.")] = False,
    people: Annotated[int, typer.Option(min=10, max=1_000_000, help="How many people the history is about.")] = PEOPLE,
    seed: Annotated[int, typer.Option(help="The same seed makes the same history.")] = 1,
    shop_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the demo shop.")] = 8090,
) -> None:
    """Run everything with 90 days of demo data, and a shop to try it on."""
    from control.demo.command import Demo, run_demo

    run_demo(data, Demo(people, seed, shop_port), fresh=fresh)


@app.command()
def version() -> None:
    """Print the version."""
    from control.app import product_version

    typer.echo(product_version())


def _read(file: Path | None, data: Path | None, process: str) -> tuple[ControlConfig, Mapping[str, Any]]:
    """The control plane's configuration and all tables of the file; sets up logging. Raises ConfigError."""
    if file is not None:
        os.environ[configuration.CONFIG_VARIABLE] = str(file)  # for the processes that this one starts
    tables = configuration.read_file(None)
    configuration.reject_unknown_variables()
    settings = configuration.load("control", ControlConfig, tables)
    log = configuration.load("log", configuration.LogConfig, tables)
    logs.set_up(log.level, log.format, process=process)
    return (settings if data is None else msgspec.structs.replace(settings, data=str(data))), tables


def _run(command: Coroutine[Any, Any, None]) -> None:
    uvloop.run(command)
