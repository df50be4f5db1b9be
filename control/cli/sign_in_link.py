"""`clicktrail sign-in-link`: asks the running process, or opens the database when none runs."""

from __future__ import annotations

import aiohttp
import typer

from control.accounts.sign_in import SIGN_IN_LINK_MS
from control.cli.data_folder import DataFolderInUse
from control.cli.failure import CliError
from control.cli.first_start import owner_sign_in_url
from control.cli.local import SignInLink, ask
from control.cli.runtime import open_services
from control.config import ControlConfig


async def print_sign_in_link(config: ControlConfig) -> None:
    """Raises CliError when the running process holds the database and doesn't answer."""
    try:
        async with open_services(config) as services:
            url = await owner_sign_in_url(services, SIGN_IN_LINK_MS)
    except DataFolderInUse as in_use:
        try:
            url = (await ask(config.data_path, "sign-in-link", SignInLink)).url
        except (aiohttp.ClientError, OSError):
            raise CliError(f"{in_use}, or start it anew: it does not answer on its local socket") from None
    typer.echo(url)
