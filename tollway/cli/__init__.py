"""The command line, which is also where everything is put together."""

from tollway.cli.app import main

__all__ = ["main"]
