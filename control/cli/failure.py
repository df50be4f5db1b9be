"""What a command says when it cannot do its work."""

from __future__ import annotations


class CliError(Exception):
    """One sentence for the person who started the command: what is wrong, and what to do."""
