"""The command `tollway`: what keeps it from starting is one sentence and exit status 2."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tollway.problems import StartupError
from tollway.stopping import leave

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
    "backup": ("backup:backup", "Write all that Tollway keeps into a file."),
    "restore": ("backup:restore", "Put back what a backup holds."),
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
audit = App(name="audit", help="Who asked for what and who did what, in a chain that shows every change.")
audit.command("tollway.cli.audit:verify", name="verify", help="Find the first record that was changed since.")
audit.command("tollway.cli.audit:head", name="head", help="Print the chain's head, to be kept elsewhere.")
app.command(audit)

engine = App(name="engine", help="What the durable engine holds.")
engine.command("tollway.cli.engine:show_versions", name="versions", help="List what of each version is unfinished.")
app.command(engine)


def main() -> None:
    """Run a command, and end the process."""
    try:
        app()
    except StartupError as error:
        print(f"tollway: {error}", file=sys.stderr)
        leave(2)
    except SystemExit as end:
        if isinstance(end.code, str):  # which the interpreter prints
            raise
        leave(end.code or 0)
    leave(0)
