"""The command line, which is also where everything is put together."""

from tollway.cli.commands import main

__all__ = ["main"]
