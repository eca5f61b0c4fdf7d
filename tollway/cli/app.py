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
    "revoke": ("tokens:revoke", "Take an access token no more, at every gateway."),
    "doctor": ("commands:doctor", "Check the settings and the platforms."),
    "demo": ("commands:demo", "Play the story from closed-won to cash."),
}
"""Named, not imported: one service in a process of its own need not load what the other commands need."""
CONTRACT_COMMANDS = {
    "check": ("contracts:check", "Write the contracts; fail when that changes any, or breaks callers of the release."),
    "release": ("contracts:release", "Keep the contracts as those of the release, for the next to be held to."),
}
for command, (where, said) in COMMANDS.items():
    app.command(f"tollway.cli.{where}", name=command, help=said)
contracts = App(name="contracts", help="Check the published contracts, and keep those of a release.")
for command, (where, said) in CONTRACT_COMMANDS.items():
    contracts.command(f"tollway.cli.{where}", name=command, help=said)
app.command(contracts)
report = App(name="report", help="What gateways counted, for people.")
report.command("tollway.cli.report:deprecated", name="deprecated", help="List who still calls a deprecated version.")
app.command(report)


def main() -> None:
    """Run a command."""
    try:
        app()
    except StartupError as error:
        print(f"tollway: {error}", file=sys.stderr)
        sys.exit(2)
