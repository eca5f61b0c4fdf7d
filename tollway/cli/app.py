"""The command `tollway`: what keeps it from starting is one sentence and exit status 2."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tollway.problems import StartupError

Config = Annotated[Path, Parameter(help="The configuration file.")]
DEFAULT = Path("tollway.toml")
app = App(name="tollway", help="The integration layer between the systems that sell, deliver and bill services.")
COMMANDS = {
    "up": ("commands:up", "Run everything in this process."),
    "serve": ("serving:serve_some", "Run one service, alone or with others."),
    "services": ("commands:services", "List every service."),
    "sandbox": ("commands:sandbox", "Run one platform's sandbox."),
    "openapi": ("commands:openapi", "Write the published contracts."),
    "doctor": ("commands:doctor", "Check the settings and the platforms."),
    "demo": ("commands:demo", "Play the story from closed-won to cash."),
}
"""Named, not imported: one service in a process of its own need not load what the other commands need."""
for command, (where, said) in COMMANDS.items():
    app.command(f"tollway.cli.{where}", name=command, help=said)


def main() -> None:
    """Run a command."""
    try:
        app()
    except StartupError as error:
        print(f"tollway: {error}", file=sys.stderr)
        sys.exit(2)
