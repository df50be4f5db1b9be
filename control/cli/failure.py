"""What a command says when it cannot do its work."""

from __future__ import annotations

USAGE_ERROR = 2  # the exit code of everything that the person who started the command can put right


class CliError(Exception):
    """One sentence for the person who started the command: what is wrong, and what to do."""
