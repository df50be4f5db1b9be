"""`clicktrail doctor`: examines the database, through the process that holds it where one runs."""

from __future__ import annotations

import aiohttp
import typer

from control.cli.data_folder import DataFolderInUse
from control.cli.failure import CliError
from control.cli.local import ask
from control.cli.runtime import open_services
from control.config import ControlConfig
from control.doctor import Examination, examine


async def run_doctor(config: ControlConfig) -> None:
    """Prints what was examined and found. Raises CliError when something is wrong, or nobody could be asked."""
    try:
        async with open_services(config) as services:
            examination = await examine(services.database)
    except DataFolderInUse as in_use:
        try:
            examination = await ask(config.data_path, "doctor", Examination)
        except (aiohttp.ClientError, OSError):
            raise CliError(f"{in_use}, or start it anew: it does not answer on its local socket") from None
    versions, clicks = f"{examination.versions:,}", f"{examination.clicks:,}"
    typer.echo(f"Examined the credits of {versions} conversions and the counts of {clicks} clicks.")
    for finding in examination.findings:
        typer.echo(f"  {finding.about}: {finding.what}")
    if examination.findings:
        raise CliError("something is wrong; keep a copy of the database and report this")
    typer.echo("All is well.")
